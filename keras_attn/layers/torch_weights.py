"""Published PyTorch weights for our layers, and back.

Each layer and gate names its parts as the published module does, in `torch_names`. This module
maps these names to variables. Variables of gates have the published shape; Keras's own layers
order their axes differently.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from operator import attrgetter
from typing import Any

import keras
import numpy as np

from keras_attn.gates.parts import Linear
from keras_attn.layers import AttentionLayer, Blend

#: Counts the training steps of a batch normalisation, in PyTorch only.
STEP_COUNT = "num_batches_tracked"


@dataclass(frozen=True)
class PublishedVariable:
    """A variable of a layer, and what the published state dict calls it.

    Attributes:
        name: The published name.
        variable: Ours.
        axes: The axes of ours in the published order.
        ones: How many axes of length one the published array has after them. Where this is not
            zero, arrays with fewer or more of them are accepted too.
    """

    name: str
    variable: keras.Variable
    axes: tuple[int, ...]
    ones: int | None = None

    @property
    def torch_shape(self) -> tuple[int, ...]:
        """The published shape."""
        return (*(self.variable.shape[axis] for axis in self.axes), *(1,) * (self.ones or 0))

    def to_torch(self) -> np.ndarray:
        """The variable's value as it is published."""
        value = _from_bfloat16(keras.ops.convert_to_numpy(self.variable.value))
        return np.ascontiguousarray(value.transpose(self.axes)).reshape(self.torch_shape)

    def from_torch(self, array: np.ndarray) -> np.ndarray | None:
        """The array as we store it; None if it does not have the published shape."""
        rank = len(self.axes)
        shape = self.torch_shape
        if self.ones is not None and array.shape[rank:] == (1,) * (array.ndim - rank):
            array, shape = array.reshape(array.shape[:rank]), shape[:rank]
        if array.shape != shape:
            return None
        return array.reshape(shape).transpose(np.argsort(self.axes))


def published_variables(part: Any, name: str = "") -> Iterator[PublishedVariable]:
    """Every variable of a built layer, with its published name.

    Args:
        part: A layer, a gate, a layer of Keras's, a variable, or a list of gates.
        name: What the published module calls it; for a list, a pattern over `gate`.
    """
    if isinstance(part, keras.Variable):
        yield PublishedVariable(name, part, tuple(range(len(part.shape))))
    elif isinstance(part, (list, tuple)):
        for gate in part:
            yield from published_variables(gate, name.format(gate=gate))
    elif isinstance(part, keras.layers.Dense):
        ones = 0 if isinstance(name, Linear) else 2
        yield PublishedVariable(f"{name}.weight", part.kernel, (1, 0), ones)
        yield from _vectors(part, name, bias="bias")
    elif isinstance(part, (keras.layers.DepthwiseConv1D, keras.layers.DepthwiseConv2D)):
        *kernel, channels, multiplier = range(len(part.kernel.shape))
        yield PublishedVariable(f"{name}.weight", part.kernel, (channels, multiplier, *kernel))
        yield from _vectors(part, name, bias="bias")
    elif isinstance(part, (keras.layers.Conv1D, keras.layers.Conv2D, keras.layers.Conv3D)):
        *kernel, channels, filters = range(len(part.kernel.shape))
        yield PublishedVariable(f"{name}.weight", part.kernel, (filters, channels, *kernel))
        yield from _vectors(part, name, bias="bias")
    elif isinstance(part, keras.layers.BatchNormalization):
        yield from _vectors(part, name, gamma="weight", beta="bias")
        yield from _vectors(part, name, moving_mean="running_mean", moving_variance="running_var")
    elif isinstance(part, keras.layers.GroupNormalization):
        yield from _vectors(part, name, gamma="weight", beta="bias")
    else:
        for attribute, part_name in part.torch_names.items():
            full_name = ".".join(filter(None, (name, part_name)))
            yield from published_variables(attrgetter(attribute)(part), type(part_name)(full_name))


def _vectors(part: Any, name: str, **names: str) -> Iterator[PublishedVariable]:
    for attribute, torch_name in names.items():
        if (variable := getattr(part, attribute)) is not None:
            yield PublishedVariable(f"{name}.{torch_name}", variable, (0,))


def to_numpy(value: Any) -> np.ndarray:
    """An array of a NumPy array, or of a PyTorch tensor on any device, with or without gradient.

    NumPy has no bfloat16 of its own, so such values become float32, without loss.
    """
    if hasattr(value, "detach"):
        value = value.detach().cpu()
        value = value.float() if str(value.dtype) == "torch.bfloat16" else value
    return _from_bfloat16(np.asarray(value))


def _from_bfloat16(array: np.ndarray) -> np.ndarray:
    return array.astype("float32") if array.dtype.name == "bfloat16" else array


def load_torch_weights(
    layer: AttentionLayer | Blend, state_dict: Mapping[str, Any], prefix: str = ""
) -> None:
    """Sets the weights of a built layer from a published state dict.

    Args:
        layer: A built layer (call it, or its model, once). Of a layer that surgery inserted with
            the start `"identity"`, a `Blend`, the attention inside.
        state_dict: Published parameter name -> NumPy array or PyTorch tensor of any floating
            type, in PyTorch's layout. The step counts of batch normalizations have no
            counterpart and are ignored.
        prefix: What the names begin with, such as `"layer1.0.cbam."` in the checkpoint of a
            network; entries without it belong to other modules and are ignored.

    Raises:
        ValueError: If the layer is not built or is not an attention layer, or entries are
            missing, unexpected or of the wrong shape. The message lists them all, and no weight is
            changed.

    Example:
        >>> import keras_attn, numpy as np
        >>> layer = keras_attn.create("sa", kernel_size=3)
        >>> layer.build((None, 8, 8, 16))
        >>> keras_attn.load_torch_weights(layer, {"conv.weight": np.zeros((1, 2, 3, 3))})
    """
    published = _by_name(layer)
    arrays = {
        name.removeprefix(prefix): to_numpy(value)
        for name, value in state_dict.items()
        if name.startswith(prefix) and name.rpartition(".")[2] != STEP_COUNT
    }
    values = {
        name: each.from_torch(arrays[name]) for name, each in published.items() if name in arrays
    }
    problems = [f"missing: {prefix}{name}" for name in published if name not in arrays]
    problems += [f"unexpected: {prefix}{name}" for name in arrays if name not in published]
    problems += [
        f"misshapen: {prefix}{name} is {arrays[name].shape}, expected {published[name].torch_shape}"
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


def torch_state_dict(layer: AttentionLayer | Blend, prefix: str = "") -> dict[str, np.ndarray]:
    """The weights of a built layer under their published names, in PyTorch's layout.

    The inverse of `load_torch_weights`: a round trip is exact.

    Args:
        layer: A built layer; as for `load_torch_weights`.
        prefix: What the names begin with.

    Returns:
        Published parameter name -> NumPy array; bfloat16 becomes float32. A PyTorch module takes
        it through `load_state_dict({name: torch.from_numpy(array) for name, array in ...})`.

    Raises:
        ValueError: If the layer is not built.

    Example:
        >>> import keras_attn
        >>> layer = keras_attn.create("sa", kernel_size=3)
        >>> layer.build((None, 8, 8, 16))
        >>> {name: array.shape for name, array in keras_attn.torch_state_dict(layer).items()}
        {'conv.weight': (1, 2, 3, 3)}
    """
    return {f"{prefix}{name}": each.to_torch() for name, each in _by_name(layer).items()}


def _by_name(layer: AttentionLayer | Blend) -> dict[str, PublishedVariable]:
    attention = layer.attention if isinstance(layer, Blend) else layer
    if not hasattr(attention, "torch_names"):
        raise ValueError(
            f"Expected an attention layer of keras_attn, whose parts have published names. "
            f"Received: {attention!r}."
        )
    if not layer.built:
        raise ValueError(
            f"{layer.name} has no weights yet. Build it first, by calling it on an input or with "
            f"`layer.build(input_shape)`."
        )
    return {each.name: each for each in published_variables(attention)}
