"""Published PyTorch weights for our layers.

Each layer and gate names its parts as the published module does, in `torch_names`. Here these
names meet the arrays, whose axes PyTorch orders in another way.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from operator import attrgetter
from typing import Any

import keras
import numpy as np

from keras_attn.layers import AttentionLayer


@dataclass(frozen=True)
class PublishedVariable:
    """A variable of a layer, and what the published state dict calls it.

    Attributes:
        name: The published name.
        variable: Ours.
        dense: Whether it is the matrix of a dense layer, (in, out) here, published as that
            of a 1x1 convolution, (out, in, 1, 1), or of a linear layer, (out, in).
    """

    name: str
    variable: keras.Variable
    dense: bool = False

    @property
    def torch_shape(self) -> tuple[int, ...]:
        """The published shape.

        A vector or a scalar has its own; kernels, (maps, *kernel) here, are those of a
        convolution to a single map.
        """
        shape = tuple(self.variable.shape)
        if self.dense:
            return (*reversed(shape), 1, 1)
        return (1, *shape) if len(shape) > 1 else shape

    def from_torch(self, array: np.ndarray) -> np.ndarray | None:
        """The array as we keep it, or None where it has not the published shape."""
        if self.dense and array.shape in (self.torch_shape, self.torch_shape[:2]):
            return array.reshape(self.torch_shape[:2]).T
        return array.reshape(self.variable.shape) if array.shape == self.torch_shape else None


def published_variables(part: Any, name: str = "") -> Iterator[PublishedVariable]:
    """Every variable of a built layer, with its published name.

    Args:
        part: A layer, a gate, a dense layer, a variable, or a list of gates.
        name: What the published module calls it; for a list, a pattern over `gate`.
    """
    if isinstance(part, keras.Variable):
        yield PublishedVariable(name, part)
    elif isinstance(part, (list, tuple)):
        for gate in part:
            yield from published_variables(gate, name.format(gate=gate))
    elif isinstance(part, keras.layers.Dense):
        yield PublishedVariable(f"{name}.weight", part.kernel, dense=True)
        if part.use_bias:
            yield PublishedVariable(f"{name}.bias", part.bias)
    else:
        for attribute, part_name in part.torch_names.items():
            full_name = ".".join(filter(None, (name, part_name)))
            yield from published_variables(attrgetter(attribute)(part), full_name)


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
    published = {each.name: each for each in published_variables(layer)}
    arrays = {name: to_numpy(value) for name, value in state_dict.items()}
    values = {
        name: each.from_torch(arrays[name]) for name, each in published.items() if name in arrays
    }
    problems = [f"missing: {name}" for name in published if name not in arrays]
    problems += [f"unexpected: {name}" for name in arrays if name not in published]
    problems += [
        f"misshapen: {name} is {arrays[name].shape}, expected {published[name].torch_shape}"
        for name, value in values.items()
        if value is None
    ]
    if problems:
        raise ValueError(
            f"The state dict does not fit {type(layer).__name__} (nothing was changed):\n  "
            + "\n  ".join(problems)
        )
    for name, each in published.items():
        each.variable.assign(values[name])
