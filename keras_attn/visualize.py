"""What attention looks at: the gate maps of a model's layers, drawn over its input."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np

from keras_attn.layers import AttentionLayer


def read_gates(model: keras.Model, images: np.ndarray) -> dict[str, dict[str, np.ndarray]]:
    """The gate maps of every attention layer of a Functional model.

    Args:
        model: The model.
        images: A batch of inputs, (N, H, W, channels).

    Returns:
        Layer -> gate -> map, in the order of the model. A channel gate is (N, 1, 1, C), a
        spatial gate (N, H, W, 1), in the data format of the layer.
    """
    layers = [layer for layer in model.layers if isinstance(layer, AttentionLayer)]
    if not layers:
        return {}
    inputs = keras.Model(model.input, [layer.input for layer in layers])
    maps = inputs.predict_on_batch(np.asarray(images, "float32"))
    maps = maps if isinstance(maps, (list, tuple)) else [maps]
    return {
        layer.name: {name: _numpy(gate) for name, gate in layer.gates(x).items()}
        for layer, x in zip(layers, maps, strict=True)
    }


def spatial_gates(model: keras.Model, images: np.ndarray) -> dict[str, np.ndarray]:
    """The spatial gates of the last attention layer at each resolution.

    Args:
        model: A Functional model whose layers are `channels_last`.
        images: A batch of inputs, (N, H, W, channels).

    Returns:
        Layer and gate -> map, (N, h, w), from the finest resolution to the coarsest.
    """
    chosen: dict[tuple[int, ...], tuple[str, np.ndarray]] = {}
    for layer, gates in read_gates(model, images).items():
        maps = {name: gate for name, gate in gates.items() if max(gate.shape[1:3]) > 1}
        if maps:
            name, gate = next(iter(maps.items()))
            chosen[gate.shape[1:3]] = (f"{layer}, {name}", gate.mean(axis=-1))
    return dict(chosen.values())


def _numpy(value: Any) -> np.ndarray:
    return np.array(keras.ops.convert_to_numpy(value))
