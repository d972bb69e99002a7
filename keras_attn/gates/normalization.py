"""Normalisation of a sample by itself.

On PyTorch Keras takes the variance as E[x²] - E[x]², which is inexact where the mean is large and
for a constant map can be negative, so that the result is NaN. Here the mean is taken off first.
"""

from __future__ import annotations

from collections.abc import Sequence

import keras
from keras import ops

from keras_attn.gates.statistics import Tensor, accumulation_dtype

EPSILON = 1e-5


def standardized(x: Tensor, axes: Sequence[int]) -> Tensor:
    """(x - mean) / sqrt(variance + epsilon) over `axes`, in float32 or wider."""
    wide = ops.cast(x, accumulation_dtype(x.dtype))
    centred = wide - ops.mean(wide, axes, keepdims=True)
    variance = ops.mean(ops.square(centred), axes, keepdims=True)
    return centred * ops.rsqrt(variance + EPSILON)


class GroupNormalization(keras.layers.GroupNormalization):
    """Keras's own for channels_last maps, with the variance of `standardized`.

    Args:
        groups: How many groups of contiguous channels.
        **kwargs: Arguments of `keras.layers.GroupNormalization`.
    """

    def call(self, x: Tensor) -> Tensor:
        """The normalised map."""
        *leading, channels = ops.shape(x)
        groups = ops.reshape(x, (*leading, self.groups, channels // self.groups))
        axes = (*range(1, len(leading)), len(leading) + 1)
        unit = ops.reshape(standardized(groups, axes), (*leading, channels))
        return ops.cast(unit * self.gamma + self.beta, self.compute_dtype)
