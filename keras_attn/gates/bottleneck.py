"""Two dense layers around a narrow middle."""

from __future__ import annotations

from typing import Any

from keras import ops

from keras_attn.gates.direct_call import DirectlyCalled, called
from keras_attn.gates.parts import dense, size
from keras_attn.kernels import Tensor, weighted_mean


def check_reduction(reduction: float) -> float:
    """Returns `reduction`, or raises ValueError where it is not a number of at least 1."""
    if isinstance(reduction, bool) or not isinstance(reduction, (int, float)) or not reduction >= 1:
        raise ValueError(
            f"`reduction`, the ratio of the channels to the bottleneck's units, must be a number "
            f"of at least 1. Received: reduction={reduction!r}."
        )
    return reduction


def hidden_channels(channels: int, reduction: float, minimum: int = 8) -> int:
    """Width of the bottleneck, max(minimum, floor(channels / reduction)).

    Raises:
        ValueError: If that is 0.
    """
    hidden = max(minimum, int(channels // reduction))
    if hidden < 1:
        raise ValueError(
            f"With reduction={reduction}, a map must have at least that many channels. Received a "
            f"map of {channels} channels; use a reduction of at most {channels}."
        )
    return hidden


class Bottleneck(DirectlyCalled):
    """(..., C) -> (..., units): expand(relu(squeeze(v))).

    Args:
        units: Size of the output.
        hidden: Size of the middle.
        use_bias: Whether both dense layers have biases.
        bias_initializer: Keras initializer of the biases; that of PyTorch if None.
        **kwargs: Arguments of `keras.layers.Layer`.
    """

    def __init__(
        self,
        units: int,
        hidden: int,
        use_bias: bool = False,
        bias_initializer: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(autocast=False, **kwargs)
        self.units = units
        self.hidden = hidden
        self.use_bias = use_bias
        self.bias_initializer = bias_initializer

    def build(self, input_shape: tuple[int | None, ...]) -> None:
        """Makes the two dense layers."""
        channels = int(input_shape[-1] or 0)
        shared = {"use_bias": self.use_bias, "dtype": self.dtype_policy}
        if self.bias_initializer is not None:
            shared["bias_initializer"] = self.bias_initializer
        self.squeeze = dense(self.hidden, channels, activation="relu", name="squeeze", **shared)
        self.expand = dense(self.units, self.hidden, name="expand", **shared)

    def call(self, vector: Tensor) -> Tensor:
        """Both layers."""
        if len(vector.shape) == 2:
            return called(self.expand, called(self.squeeze, vector))
        # On TensorFlow, a dense layer of more than two axes is a dozen operations on shapes.
        result = self.call(ops.reshape(vector, (-1, vector.shape[-1])))
        return ops.reshape(result, (*ops.shape(vector)[:-1], self.units))

    def mean_over_positions(self, features: Tensor, mask: Tensor | None = None) -> Tensor:
        """(B, *positions, C) -> (B, units): both layers at every position, then their mean.

        The second layer is linear, so the mean is taken before it, on `hidden` numbers.

        Args:
            features: A channels_last map.
            mask: (B, *positions); which positions the mean takes, all if None.
        """
        hidden = called(self.squeeze, features)
        weights = None if mask is None else ops.expand_dims(mask, -1)
        mean = weighted_mean(hidden, tuple(range(1, len(hidden.shape) - 1)), weights)
        return called(self.expand, mean)

    @property
    def macs(self) -> int:
        """Multiply-accumulates for one vector."""
        return size(self.squeeze.kernel) + size(self.expand.kernel)
