"""The gate maps of a model's attention layers."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
from keras import ops

from keras_attn.graph.inputs import model_inputs
from keras_attn.graph.read import graph_of, run_nested
from keras_attn.layers import Blend
from keras_attn.layers.kinds import is_attention

Gates = dict[str, dict[str, np.ndarray]]


def read_gates(model: keras.Model, images: Any) -> Gates:
    """The gate maps of every attention layer of a Functional model, and of models nested in it.

    Args:
        model: The model.
        images: A batch of inputs, (N, H, W, channels); for a model with several inputs a list of
            batches, or a dictionary by the name of the input.

    Returns:
        Layer -> gate -> map, in the order of the model. A channel gate is (N, 1, 1, C), a
        spatial gate (N, H, W, 1), in the data format of the layer. The gates of a layer that is
        blended with the identity are those of its attention, as if it were not blended. The
        second call of a shared layer is `"layer[1]"`.

    Raises:
        ValueError: If the model's layers cannot be read, or the images do not fit its inputs.

    Example:
        >>> import keras, keras_attn, numpy as np
        >>> from keras_attn import visualize
        >>> inputs = keras.Input((8, 8, 16))
        >>> model = keras.Model(inputs, keras_attn.create("csa", name="csa")(inputs))
        >>> gates = visualize.read_gates(model, np.ones((2, 8, 8, 16)))
        >>> {name: gate.shape for name, gate in gates["csa"].items()}
        {'channel': (2, 1, 1, 16), 'spatial': (2, 8, 8, 1)}
    """
    return {path: gates for path, (gates, _) in _read(model, images).items()}


def channels_last_gates(model: keras.Model, images: Any) -> Gates:
    """Like `read_gates`, with the channels of every map on the last axis."""
    return {
        path: {name: _channels_last(gate, data_format) for name, gate in gates.items()}
        for path, (gates, data_format) in _read(model, images).items()
    }


def spatial_gates(model: keras.Model, images: Any) -> dict[str, np.ndarray]:
    """The spatial gates of the last attention layer at each resolution.

    Args:
        model: A Functional model.
        images: As for `read_gates`.

    Returns:
        Layer and gate -> map, (N, h, w), from the finest resolution to the coarsest.
    """
    chosen: dict[tuple[int, ...], tuple[str, np.ndarray]] = {}
    for layer, gates in channels_last_gates(model, images).items():
        maps = {name: gate for name, gate in gates.items() if max(gate.shape[1:-1]) > 1}
        if maps:
            name, gate = next(iter(maps.items()))
            chosen[gate.shape[1:-1]] = (f"{layer}, {name}", gate.mean(axis=-1))
    return dict(chosen.values())


def _read(model: keras.Model, images: Any) -> dict[str, tuple[dict[str, np.ndarray], str]]:
    """Path -> gate maps, and their data format."""
    found: dict[str, tuple[dict[str, np.ndarray], str]] = {}

    def call(path: str, operation: Any, *args: Any, **kwargs: Any) -> Any:
        # A blended layer of the user's own need not have gates.
        attention = operation.attention if isinstance(operation, Blend) else operation
        if is_attention(attention):
            gates = attention.gates(*args, **kwargs)
            # A learned number is the same for all inputs: its gate has a batch of one.
            batch = args[0].shape[0]
            arrays = {
                name: np.array(
                    np.broadcast_to(ops.convert_to_numpy(gate), (batch, *gate.shape[1:]))
                )
                for name, gate in gates.items()
            }
            found[path] = arrays, attention.data_format
        return operation(*args, **kwargs)

    run_nested(graph_of(model), model_inputs(model, images), call)
    return found


def _channels_last(gate: np.ndarray, data_format: str) -> np.ndarray:
    return gate if data_format == "channels_last" else np.moveaxis(gate, 1, -1)
