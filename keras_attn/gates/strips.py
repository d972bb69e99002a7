"""What the gates of rows and columns share.

A strip is a map whose rows, or columns, are averaged to one position each.
"""

from __future__ import annotations

from keras import ops

from keras_attn import kernels
from keras_attn.gates.gate import Gate
from keras_attn.kernels import Tensor


class StripGate(Gate):
    """Reads the mean of every row and of every column, and returns a gate for each direction.

    Args:
        **kwargs: Arguments of `Gate`.

    Output: (B, H, 1, C) and (B, 1, W, C), or (B, C, H, 1) and (B, C, 1, W) in channels_first.
    """

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
