"""Two dense layers around a narrow middle, with the published initial weights."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops

from keras_attn.gates.statistics import Tensor


def check_reduction(reduction: float) -> float:
    """Returns `reduction`, or raises ValueError where it is no ratio of at least 1."""
    if isinstance(reduction, bool) or not isinstance(reduction, (int, float)) or not reduction >= 1:
        raise ValueError(
            f"`reduction` is the ratio of the channels to the bottleneck's units, a number of "
            f"at least 1. Received: reduction={reduction!r}."
        )
    return reduction


def hidden_channels(channels: int, reduction: float, minimum: int = 8) -> int:
    """Width of the bottleneck, max(minimum, floor(channels / reduction))."""
    return max(minimum, int(channels // reduction))


def published_initializers(fan_in: int) -> dict[str, keras.initializers.Initializer]:
    """Uniform in +-1/sqrt(fan_in) for weights and biases, as all the published modules start."""
    bound = fan_in**-0.5
    return {
        "kernel_initializer": keras.initializers.RandomUniform(-bound, bound),
        "bias_initializer": keras.initializers.RandomUniform(-bound, bound),
    }


class Bottleneck(keras.layers.Layer):
    """(..., C) -> (..., units): expand(relu(squeeze(v))).

    Args:
        units: Size of the output.
        hidden: Size of the middle.
        use_bias: Whether both dense layers have biases.
        **kwargs: Arguments of `keras.layers.Layer`.
    """

    def __init__(self, units: int, hidden: int, use_bias: bool = False, **kwargs: Any) -> None:
        super().__init__(autocast=False, **kwargs)
        self.units = units
        self.hidden = hidden
        self.use_bias = use_bias

    def build(self, input_shape: tuple[int | None, ...]) -> None:
        """Makes the two dense layers."""
        channels = int(input_shape[-1] or 0)
        self.squeeze = keras.layers.Dense(
            self.hidden,
            activation="relu",
            use_bias=self.use_bias,
            dtype=self.dtype_policy,
            name="squeeze",
            **published_initializers(fan_in=channels),
        )
        self.expand = keras.layers.Dense(
            self.units,
            use_bias=self.use_bias,
            dtype=self.dtype_policy,
            name="expand",
            **published_initializers(fan_in=self.hidden),
        )
        self.squeeze.build((None, channels))
        self.expand.build((None, self.hidden))

    def call(self, vector: Tensor) -> Tensor:
        """Both layers."""
        return self.expand(self.squeeze(vector))

    def mean_over_positions(self, features: Tensor, axes: tuple[int, ...]) -> Tensor:
        """(B, *positions, C) -> (B, units): both layers at every position, then their mean.

        The second layer is linear, so the mean is taken before it, on `hidden` numbers.
        """
        return self.expand(ops.mean(self.squeeze(features), axis=axes))
