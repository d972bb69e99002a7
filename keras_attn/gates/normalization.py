"""Group normalisation of a sample by itself."""

from __future__ import annotations

import keras
from keras import ops

from keras_attn.kernels import Tensor, normalized


class GroupNormalization(keras.layers.GroupNormalization):
    """Keras's own for channels_last maps, with the variance of `kernels.normalized`.

    Args:
        groups: How many groups of contiguous channels.
        **kwargs: Arguments of `keras.layers.GroupNormalization`.
    """

    def call(self, x: Tensor) -> Tensor:
        """The normalised map."""
        *leading, channels = ops.shape(x)
        groups = ops.reshape(x, (*leading, self.groups, channels // self.groups))
        axes = (*range(1, len(leading)), len(leading) + 1)
        unit = ops.reshape(normalized(groups, axes), (*leading, channels))
        scale, offset = (ops.cast(each, unit.dtype) for each in (self.gamma, self.beta))
        return ops.cast(unit * scale + offset, self.compute_dtype)
