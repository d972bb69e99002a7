"""Normalisation of a map, in operations that every backend computes well."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

import keras
from keras import ops

from keras_attn.kernels.tensor import Tensor, accumulation_dtype

#: Added to a variance before its root is taken; that of PyTorch's normalisation layers.
EPSILON = 1e-5


def weighted_mean(
    x: Tensor, axes: Sequence[int], weights: Tensor | None = None, keepdims: bool = False
) -> Tensor:
    """Mean over `axes`, of what the weights do not leave out.

    Args:
        x: A map.
        axes: In ascending order.
        weights: 1 or 0, with a shape that broadcasts against x; 1 everywhere if None.
        keepdims: Whether the axes are kept with length one.
    """
    if weights is None:
        return ops.mean(x, axes, keepdims=keepdims)
    weights = ops.cast(weights, x.dtype)
    total = ops.sum(x * weights, axes, keepdims=keepdims)
    return total / ops.maximum(ops.sum(weights, axes, keepdims=keepdims), 1)


def standardized(x: Tensor, axes: Sequence[int], weights: Tensor | None = None) -> Tensor:
    """(x - mean) / sqrt(variance + epsilon) over `axes`, in float32 or wider.

    The mean is subtracted first: the variance as E[x²] - E[x]², which Keras computes on PyTorch, is
    inexact where the mean is large, and for a constant map it can be negative.
    """
    wide = ops.cast(x, accumulation_dtype(x.dtype))
    centred = wide - weighted_mean(wide, axes, weights, keepdims=True)
    variance = weighted_mean(ops.square(centred), axes, weights, keepdims=True)
    return centred * ops.rsqrt(variance + EPSILON)


def softmax(logits: Tensor, axis: int = -1) -> Tensor:
    """Softmax over an axis, which may have one element: Keras's own warns of that."""
    return ops.exp(ops.log_softmax(logits, axis=axis))


class BatchNormalization(keras.layers.BatchNormalization):
    """Keras's own for channels_last maps, which fails where a mask meets a single channel.

    Args:
        **kwargs: Arguments of `keras.layers.BatchNormalization`.
    """

    #: Whether the variance of a batch without a mask is taken as in `standardized` too.
    takes_own_moments: ClassVar[bool] = False

    def call(self, x: Tensor, training: bool | None = None, mask: Tensor | None = None) -> Tensor:
        """The normalised map; positions that the mask leaves out do not enter the statistics."""
        own = mask is not None or self.takes_own_moments
        if not (own and training and self.trainable):
            return super().call(x, training=training)
        wide = ops.cast(x, accumulation_dtype(x.dtype))
        axes = tuple(range(len(x.shape) - 1))
        weights = None if mask is None else ops.expand_dims(mask, -1)
        mean = weighted_mean(wide, axes, weights)
        variance = weighted_mean(ops.square(wide - mean), axes, weights)
        for moving, value in ((self.moving_mean, mean), (self.moving_variance, variance)):
            value = ops.cast(ops.stop_gradient(value), moving.dtype)
            moving.assign(moving * self.momentum + value * (1 - self.momentum))
        scale = ops.rsqrt(variance + self.epsilon) * ops.cast(self.gamma, wide.dtype)
        shifted = (wide - mean) * scale + ops.cast(self.beta, wide.dtype)
        return ops.cast(shifted, self.compute_dtype)
