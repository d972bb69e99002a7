"""What the gates of rows and columns share.

A strip is a map whose rows, or columns, are averaged to one position each.
"""

from __future__ import annotations

from typing import ClassVar

from keras import ops

from keras_attn import kernels
from keras_attn.gates.gate import Gate
from keras_attn.kernels import Tensor


class StripGate(Gate):
    """Reads the mean of every row and of every column; the product of a gate for each direction.

    Args:
        **kwargs: Arguments of `Gate`.

    Output: the shape of x.
    """

    spatial_ranks: ClassVar = (2,)

    def from_map(self, x: Tensor) -> Tensor:
        """The product of the gates of both directions."""
        height, width = self.directions(x)
        return height * width

    def directions(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """The gate of the rows, (B, H, 1, C), and that of the columns, (B, 1, W, C).

        In channels_first they are (B, C, H, 1) and (B, C, 1, W).
        """
        raise NotImplementedError(f"{type(self).__name__} must define `directions`.")

    def strips(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """The means of the rows, (B, H, C), and of the columns, (B, W, C)."""
        height_axis, width_axis = self.spatial_axes
        channel_axis = 1 if self.data_format == "channels_first" else 2
        rows = ops.moveaxis(kernels.mean(x, (width_axis,)), channel_axis, 2)
        columns = ops.moveaxis(kernels.mean(x, (height_axis,)), channel_axis, 2)
        return rows, columns

    def as_strip_maps(self, rows: Tensor, columns: Tensor, like: Tensor) -> tuple[Tensor, Tensor]:
        """(B, H, C) and (B, W, C) -> maps of one column and of one row, in the dtype of `like`."""
        height = ops.moveaxis(ops.expand_dims(rows, 2), 3, self.channel_axis)
        width = ops.moveaxis(ops.expand_dims(columns, 1), 3, self.channel_axis)
        return ops.cast(height, like.dtype), ops.cast(width, like.dtype)

    def strip_positions(self, input_shape: tuple[int, ...]) -> int:
        """How many positions both strips have."""
        return sum(input_shape[axis] for axis in self.spatial_axes)
