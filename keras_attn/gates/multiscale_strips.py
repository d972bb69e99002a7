"""The strip gates of SCSA: each quarter of the channels with a kernel of its own."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from keras import ops

from keras_attn.gates.activation import activate
from keras_attn.gates.checks import check_kernel_size
from keras_attn.gates.parts import depthwise_convolution, group_normalization, size
from keras_attn.gates.strips import StripGate
from keras_attn.kernels import Tensor

#: The published names of the four convolutions, shortest kernel first.
CONVOLUTION_NAMES = ("local_dwc", "global_dwc_s", "global_dwc_m", "global_dwc_l")


class MultiScaleStripGate(StripGate):
    """activation(GN(k_i * quarter i of the strip)) for both strips, the kernels shared.

    Args:
        kernel_sizes: Lengths of the quarters' kernels.
        activation: `"sigmoid"`, or `"softmax"` along the strip.
        **kwargs: Arguments of `Gate`.

    Output: (B, H, 1, C) and (B, 1, W, C), or (B, C, H, 1) and (B, C, 1, W) in channels_first.
    """

    def __init__(self, kernel_sizes: tuple[int, ...], activation: str, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.kernel_sizes = kernel_sizes
        self.activation = activation

    def build(self, input_shape: tuple[int | None, ...]) -> None:
        """Makes the convolutions, and one normalisation per direction."""
        super().build(input_shape)
        if self.channels % 4:
            raise ValueError(
                f"Each of SCSA's four kernels takes a quarter of the channels, so these must be a "
                f"multiple of 4. Received a map of {self.channels} channels; "
                f"use {self.channels - self.channels % 4 + 4}."
            )
        self.convolutions = [
            depthwise_convolution((k,), self.channels // 4, dtype=self.dtype_policy, name=name)
            for k, name in zip(self.kernel_sizes, CONVOLUTION_NAMES, strict=True)
        ]
        self.height_normalization, self.width_normalization = (
            group_normalization(4, self.channels, axes=1, dtype=self.dtype_policy, name=name)
            for name in ("norm_h", "norm_w")
        )

    def call(self, x: Tensor) -> tuple[Tensor, Tensor]:  # type: ignore[override]  # one each way
        """The gates of the rows and of the columns of map x."""
        rows, columns = (self._filter(strip) for strip in self.strips(x))
        height = activate(self.height_normalization(rows), self.activation, axis=1)
        width = activate(self.width_normalization(columns), self.activation, axis=1)
        return self.as_strip_maps(height, width, like=x)

    def macs(self, input_shape: tuple[int, ...]) -> int:
        """The kernels for every row and column."""
        kernels = sum(size(convolution.kernel) for convolution in self.convolutions)
        return kernels * self.strip_positions(input_shape)

    def _filter(self, strip: Tensor) -> Tensor:
        quarters = ops.split(strip, 4, axis=-1)
        pairs = zip(self.convolutions, quarters, strict=True)
        return ops.concatenate([convolution(quarter) for convolution, quarter in pairs], axis=-1)


def check_kernel_sizes(kernel_sizes: Sequence[int]) -> tuple[int, ...]:
    """Returns the four lengths as a tuple, or raises ValueError."""
    if not isinstance(kernel_sizes, (list, tuple)) or len(kernel_sizes) != 4:
        raise ValueError(
            f"`kernel_sizes` must be four lengths, one for each quarter of the channels. "
            f"Received: kernel_sizes={kernel_sizes!r}."
        )
    return tuple(map(check_kernel_size, kernel_sizes))
