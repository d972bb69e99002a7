"""Normalisation over the batch, and of a sample by itself."""

from __future__ import annotations

import keras
from keras import ops

from keras_attn.kernels import Tensor, chosen, normalized


class BatchNormalization(keras.layers.BatchNormalization):
    """Keras's own for channels_last maps, which fails where a mask meets a single channel.

    Args:
        **kwargs: Arguments of `keras.layers.BatchNormalization`.
    """

    def call(self, x: Tensor, training: bool | None = None, mask: Tensor | None = None) -> Tensor:
        """The normalised map; positions that the mask leaves out do not enter the statistics."""
        own = mask is not None or chosen().normalizes_batches()
        if not (own and training and self.trainable):
            return super().call(x, training=training)
        axes = tuple(range(len(x.shape) - 1))
        y, mean, variance = chosen().normalized(
            x,
            axes,
            None if mask is None else ops.expand_dims(mask, -1),
            epsilon=self.epsilon,
            scale=self.gamma.value,
            offset=self.beta.value,
        )
        for moving, value in ((self.moving_mean, mean), (self.moving_variance, variance)):
            value = ops.cast(ops.stop_gradient(ops.squeeze(value, axes)), moving.dtype)
            moving.assign(moving * self.momentum + value * (1 - self.momentum))
        return ops.cast(y, self.compute_dtype)


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
