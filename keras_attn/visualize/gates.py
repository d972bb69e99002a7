"""The gate maps of a model's attention layers."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
from keras import ops

from keras_attn.functional import graph_of, run_nested
from keras_attn.layers import AttentionLayer, Blend


def read_gates(model: keras.Model, images: np.ndarray) -> dict[str, dict[str, np.ndarray]]:
    """The gate maps of every attention layer of a Functional model, and of models nested in it.

    Args:
        model: The model, with one input.
        images: A batch of inputs, (N, H, W, channels).

    Returns:
        Layer -> gate -> map, in the order of the model. A channel gate is (N, 1, 1, C), a
        spatial gate (N, H, W, 1), in the data format of the layer. The gates of a layer that is
        blended with the identity are those of its attention, as if it were not blended.

    Raises:
        ValueError: If the model's layers cannot be seen, or it has several inputs.

    Example:
        >>> import keras, keras_attn, numpy as np
        >>> from keras_attn import visualize
        >>> inputs = keras.Input((8, 8, 16))
        >>> model = keras.Model(inputs, keras_attn.create("csa", name="csa")(inputs))
        >>> gates = visualize.read_gates(model, np.ones((2, 8, 8, 16)))
        >>> {name: gate.shape for name, gate in gates["csa"].items()}
        {'channel': (2, 1, 1, 16), 'spatial': (2, 8, 8, 1)}
    """
    found: dict[str, dict[str, np.ndarray]] = {}

    def call(path: str, operation: Any, *args: Any, **kwargs: Any) -> Any:
        if isinstance(operation, (AttentionLayer, Blend)):
            gates = operation.gates(args[0])
            found[path] = {name: _numpy(gate) for name, gate in gates.items()}
        return operation(*args, **kwargs)

    run_nested(graph_of(model), single_input(model, images), call)
    return found


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


def single_input(model: keras.Model, images: Any) -> Any:
    """Images as the input of a model, in the structure that its graph has.

    Raises:
        ValueError: If the model has several inputs, or the images do not fit its input.
    """
    graph = graph_of(model)
    if len(graph.inputs) != 1:
        raise ValueError(f"The model must have one input. It has {len(graph.inputs)}.")
    (symbol,) = graph.inputs
    shape = np.shape(images)
    fits = len(shape) == len(symbol.shape) and all(
        wanted in (None, given) for wanted, given in zip(symbol.shape[1:], shape[1:], strict=True)
    )
    if not fits:
        raise ValueError(
            f"The images must be a batch of shape {tuple(symbol.shape)}, as the model's input. "
            f"Received: shape {shape}."
        )
    tensor = ops.convert_to_tensor(np.asarray(images), dtype=symbol.dtype)
    return keras.tree.pack_sequence_as(graph._inputs_struct, [tensor])


def _numpy(value: Any) -> np.ndarray:
    return np.array(ops.convert_to_numpy(value))
