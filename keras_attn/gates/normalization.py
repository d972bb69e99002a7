"""Normalisation of a sample by itself, and of each channel over a batch.

On PyTorch Keras takes the variance as E[x²] - E[x]², which is inexact where the mean is
large and for a constant map can be negative, so that the result is NaN. Here the mean is taken off
first.
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


class BatchNormalization(keras.layers.BatchNormalization):
    """Keras's own for channels_last maps; on PyTorch with the variance of `standardized`.

    torch.compile takes it as one graph, which it does not take Keras's own as.

    Args:
        **kwargs: Arguments of `keras.layers.BatchNormalization`.
    """

    def call(self, x: Tensor, training: bool | None = None) -> Tensor:
        """The normalised map."""
        if keras.backend.backend() != "torch" or not (training and self.trainable):
            return super().call(x, training=training)
        wide = ops.cast(x, accumulation_dtype(x.dtype))
        axes = tuple(range(len(x.shape) - 1))
        mean = ops.mean(wide, axes)
        variance = ops.mean(ops.square(wide - mean), axes)
        for moving, value in ((self.moving_mean, mean), (self.moving_variance, variance)):
            value = ops.cast(ops.stop_gradient(value), moving.dtype)
            moving.assign(moving * self.momentum + value * (1 - self.momentum))
        scale = ops.rsqrt(variance + self.epsilon) * self.gamma
        return ops.cast((wide - mean) * scale + self.beta, self.compute_dtype)
