"""The spatial gate: which positions matter, one number a position."""

from __future__ import annotations

import math
from typing import Any, ClassVar

from keras import ops

from keras_attn.gates.bottleneck import published_initializers
from keras_attn.gates.gate import Gate
from keras_attn.gates.statistics import Tensor, max_over, mean_over


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
    """s(x) = sigmoid(K [mean over channels; max over channels]), K one kernel a pooled map.

    Args:
        kernel_size: Odd side of the kernel, the same on every spatial axis.
        **kwargs: Arguments of `Gate`.

    Output: (B, H, W, 1), or (B, 1, H, W) in channels_first.
    """

    torch_names: ClassVar = {"kernel": "conv.weight"}

    def __init__(self, kernel_size: int = 7, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.kernel_size = check_kernel_size(kernel_size)

    def build(self, input_shape: tuple[int | None, ...]) -> None:
        """Makes the two kernels."""
        super().build(input_shape)
        shape = (2, *(self.kernel_size for _ in self.spatial_axes))
        self.kernel = self.add_weight(
            shape=shape,
            initializer=published_initializers(math.prod(shape))["kernel_initializer"],
            name="kernel",
        )

    def call(self, x: Tensor) -> Tensor:
        """The gate of map x."""
        pooled = [mean_over(x, self.channel_axis), max_over(x, self.channel_axis)]
        mask = ops.sigmoid(correlate(ops.stack(pooled, axis=-1), self.kernel))
        return self.as_spatial_map(mask, like=x)


def correlate(maps: Tensor, kernels: Tensor) -> Tensor:
    """(B, *positions, n), (n, *kernel) -> (B, *positions): the sum of n zero-padded correlations.

    The kernels are kept one after the other, map by map, because PyTorch's convolution wants
    them contiguous in that order; for batches of one it fails otherwise.
    """
    kernels = ops.expand_dims(ops.moveaxis(ops.cast(kernels, maps.dtype), 0, -1), axis=-1)
    result = ops.conv(maps, kernels, strides=1, padding="same", data_format="channels_last")
    return ops.squeeze(result, axis=-1)
