"""A residual bottleneck without attention, for networks that attention is compared with."""

from __future__ import annotations

import math
from typing import Any

import keras
from keras import layers

from keras_attn.checks import check_whole_number
from keras_attn.gates.parts import CONVOLUTIONS


@keras.saving.register_keras_serializable(package="keras_attn")
class PlainBottleneck(layers.Layer):
    """x + W2 relu(W1 x + b1) + b2 at each position: more parameters, but no attention.

    For C channels and h units it has 2 C h parameters, and h + C more with biases.

    Args:
        units: Channels h between the two 1x1 convolutions.
        use_bias: Whether the convolutions have biases.
        **kwargs: Arguments of `keras.layers.Layer`.

    Input shape: (B, *positions, C), with one to three spatial axes. Output shape: the same.

    Raises:
        ValueError: If `units` is not a whole number of at least 1.

    Example:
        >>> import keras
        >>> layer = PlainBottleneck(units=8)
        >>> layer(keras.ops.ones((1, 8, 8, 64))).shape[-1]
        64
        >>> layer.count_params()
        1096
    """

    def __init__(self, units: int, use_bias: bool = True, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.units = check_whole_number("units", units, 1)
        self.use_bias = use_bias

    def build(self, input_shape: tuple[int | None, ...]) -> None:
        """Builds both convolutions; the second has as many filters as the input has channels."""
        options = {
            "use_bias": self.use_bias,
            "kernel_initializer": "he_normal",
            "data_format": "channels_last",
            "dtype": self.dtype_policy,
        }
        convolution = CONVOLUTIONS[len(input_shape) - 2]
        self.squeeze = convolution(self.units, 1, activation="relu", name="squeeze", **options)
        self.expand = convolution(input_shape[-1], 1, name="expand", **options)
        self.squeeze.build(input_shape)
        self.expand.build((*input_shape[:-1], self.units))

    def call(self, x: Any) -> Any:
        """Adds the output of the bottleneck to its input."""
        return x + self.expand(self.squeeze(x))

    def macs(self, input_shape: tuple[int, ...]) -> int:
        """Multiply-accumulates for one sample, as `keras_attn.cost` counts them."""
        return 2 * self.units * input_shape[-1] * math.prod(input_shape[1:-1])

    def compute_output_shape(self, input_shape: tuple[int | None, ...]) -> tuple[int | None, ...]:
        """The shape of the input."""
        return tuple(input_shape)

    def get_config(self) -> dict[str, Any]:
        """The arguments of the constructor."""
        return {**super().get_config(), "units": self.units, "use_bias": self.use_bias}
