"""Published PyTorch weights for our layers.

Each layer and gate names its parts as the published module does, in `torch_names`. Here these
names meet the arrays: matrices are (out, in) in PyTorch and (in, out) in Keras.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from operator import attrgetter
from typing import Any

import keras
import numpy as np

from keras_attn.layers import AttentionLayer


def published_variables(part: Any, name: str = "") -> Iterator[tuple[str, keras.Variable]]:
    """Every variable of a built layer, with its name in the published state dict.

    Args:
        part: A layer, a gate, a variable, or a list of gates.
        name: What the published module calls it; for a list, a pattern over `gate`.
    """
    if isinstance(part, keras.Variable):
        yield name, part
    elif isinstance(part, (list, tuple)):
        for gate in part:
            yield from published_variables(gate, name.format(gate=gate))
    elif hasattr(part, "torch_names"):
        for attribute, part_name in part.torch_names.items():
            full_name = ".".join(filter(None, (name, part_name)))
            yield from published_variables(attrgetter(attribute)(part), full_name)
    else:
        yield f"{name}.weight", part.kernel
        if part.use_bias:
            yield f"{name}.bias", part.bias


def from_torch_layout(array: np.ndarray, shape: tuple[int, ...]) -> np.ndarray | None:
    """The array in our layout, or None where it cannot have this shape.

    A dense layer's matrix may come as that of a 1x1 convolution; the kernels of a spatial
    gate, (maps, *kernel), are those of a convolution to one map.
    """
    if len(shape) == 2 and array.ndim >= 2 and set(array.shape[2:]) <= {1}:
        array = array.reshape(array.shape[:2]).T
    elif array.shape == (1, *shape):
        array = array[0]
    return array if array.shape == shape else None


def torch_shape(shape: tuple[int, ...]) -> tuple[int, ...]:
    """The published shape of a weight that has this shape here."""
    if len(shape) == 2:
        return (*reversed(shape), 1, 1)
    return (1, *shape) if len(shape) > 2 else shape


def to_numpy(value: Any) -> np.ndarray:
    """An array of a NumPy array, or of a PyTorch tensor on any device, with or without gradient."""
    return np.asarray(value.detach().cpu() if hasattr(value, "detach") else value)


def load_torch_weights(layer: AttentionLayer, state_dict: Mapping[str, Any]) -> None:
    """Sets the weights of a built layer from a published state dict.

    Args:
        layer: A built layer (call it, or its model, once).
        state_dict: Published parameter name -> NumPy array or PyTorch tensor, in PyTorch's
            layout.

    Raises:
        ValueError: If the layer is not built, or entries are missing, unexpected or of the
            wrong shape. The message lists them all, and no weight is changed.

    Example:
        >>> import keras_attn, numpy as np
        >>> layer = keras_attn.create("sa", kernel_size=3)
        >>> layer.build((None, 8, 8, 16))
        >>> keras_attn.load_torch_weights(layer, {"conv.weight": np.zeros((1, 2, 3, 3))})
    """
    if not layer.built:
        raise ValueError(
            f"{layer.name} has no weights yet. Build it first, by calling it on an input or with "
            f"`layer.build(input_shape)`."
        )
    variables = dict(published_variables(layer))
    arrays = {name: to_numpy(value) for name, value in state_dict.items()}
    values = {
        name: from_torch_layout(arrays[name], tuple(variable.shape))
        for name, variable in variables.items()
        if name in arrays
    }
    problems = [f"missing: {name}" for name in variables if name not in arrays]
    problems += [f"unexpected: {name}" for name in arrays if name not in variables]
    problems += [
        f"misshapen: {name} is {arrays[name].shape}, expected "
        f"{torch_shape(tuple(variables[name].shape))}"
        for name, value in values.items()
        if value is None
    ]
    if problems:
        raise ValueError(
            f"The state dict does not fit {type(layer).__name__} (nothing was changed):\n  "
            + "\n  ".join(problems)
        )
    for name, variable in variables.items():
        variable.assign(values[name])
