"""The channel shuffle, which mixes what groups have computed apart."""

from __future__ import annotations

from keras import ops

from keras_attn.kernels import Tensor


def shuffle_channels(x: Tensor, axis: int, groups: int) -> Tensor:
    """Channels on `axis`, written as a table of `groups` rows and read by columns."""
    shape = ops.shape(x)
    axis %= len(shape)
    table = ops.reshape(x, (*shape[:axis], groups, shape[axis] // groups, *shape[axis + 1 :]))
    return ops.reshape(ops.swapaxes(table, axis, axis + 1), shape)
