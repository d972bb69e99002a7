"""The spatial gate: which positions matter, one number a position."""

from __future__ import annotations

from typing import Any, ClassVar

import keras
from keras import ops

from keras_attn.gates.bottleneck import published_initializers
from keras_attn.gates.gate import Gate
from keras_attn.gates.statistics import Tensor, max_over, mean_over

CONVOLUTIONS = {1: keras.layers.Conv1D, 2: keras.layers.Conv2D, 3: keras.layers.Conv3D}


def check_kernel_size(kernel_size: int) -> int:
    """Returns `kernel_size`, or raises ValueError where it is not a positive odd integer."""
    if isinstance(kernel_size, bool) or not isinstance(kernel_size, int) or kernel_size < 1:
        raise ValueError(
            f"`kernel_size` must be a positive odd integer. Received: kernel_size={kernel_size!r}."
        )
    if kernel_size % 2 == 0:
        raise ValueError(
            f"`kernel_size` must be odd, so that the mask is centred on its positions. "
            f"Received: kernel_size={kernel_size}; use {kernel_size - 1} or {kernel_size + 1}."
        )
    return kernel_size


class SpatialGate(Gate):
    """s(x) = sigmoid(K [mean over channels; max over channels]), K a convolution 2 -> 1.

    Args:
        kernel_size: Odd side of the kernel, the same on every spatial axis.
        **kwargs: Arguments of `Gate`.

    Output: (B, H, W, 1), or (B, 1, H, W) in channels_first.
    """

    torch_names: ClassVar = {"convolution": "conv"}

    def __init__(self, kernel_size: int = 7, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.kernel_size = check_kernel_size(kernel_size)

    def build(self, input_shape: tuple[int | None, ...]) -> None:
        """Makes the convolution, always channels_last: its input is two thin maps."""
        super().build(input_shape)
        initializers = published_initializers(2 * self.kernel_size ** len(self.spatial_axes))
        self.convolution = CONVOLUTIONS[len(self.spatial_axes)](
            filters=1,
            kernel_size=self.kernel_size,
            padding="same",
            data_format="channels_last",
            use_bias=False,
            kernel_initializer=initializers["kernel_initializer"],
            dtype=self.dtype_policy,
            name="convolution",
        )
        positions = tuple(input_shape[axis] for axis in self.spatial_axes)
        self.convolution.build((None, *positions, 2))

    def call(self, x: Tensor) -> Tensor:
        """The gate of map x."""
        pooled = ops.stack(
            [mean_over(x, self.channel_axis), max_over(x, self.channel_axis)], axis=-1
        )
        mask = ops.sigmoid(ops.squeeze(self.convolution(pooled), axis=-1))
        return self.as_spatial_map(mask, like=x)
