"""ELA's gate: rows and columns, each with its neighbours."""

from __future__ import annotations

from typing import Any, ClassVar

from keras import ops

from keras_attn.checks import check_whole_number
from keras_attn.gates.checks import check_divisor, check_kernel_size
from keras_attn.gates.parts import (
    depthwise_convolution,
    group_normalization,
    size,
)
from keras_attn.gates.strips import StripGate
from keras_attn.kernels import Tensor


class LocalStripGate(StripGate):
    """sigmoid(GN(k * strip)) for both strips.

    Args:
        kernel_size: Length of the kernels.
        groups: Groups of the normalisation.
        **kwargs: Arguments of `Gate`.

    Output: the shape of x.
    """

    torch_names: ClassVar = {"convolution": "conv", "normalization": "gn"}

    def __init__(self, kernel_size: int = 7, groups: int = 16, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.kernel_size = check_kernel_size(kernel_size)
        self.groups = check_whole_number("groups", groups, least=1)

    def build(self, input_shape: tuple[int | None, ...]) -> None:
        """Makes the convolution and the normalisation that both strips share."""
        super().build(input_shape)
        check_divisor("groups", self.groups, self.channels)
        self.convolution = depthwise_convolution(
            (self.kernel_size,), self.channels, use_bias=False, dtype=self.dtype_policy
        )
        self.normalization = group_normalization(
            self.groups, self.channels, axes=1, dtype=self.dtype_policy
        )

    def directions(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """The gates of the rows and of the columns of map x."""
        rows, columns = (
            ops.sigmoid(self.normalization(self.convolution(strip))) for strip in self.strips(x)
        )
        return self.as_strip_maps(rows, columns, like=x)

    def macs(self, input_shape: tuple[int, ...]) -> int:
        """The kernels for every row and column."""
        return size(self.convolution.kernel) * self.strip_positions(input_shape)
