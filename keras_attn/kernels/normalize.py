"""Normalisation of a map, in operations that every backend computes well."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

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


class Normalized(NamedTuple):
    """A normalised map, and the statistics that it was normalised with.

    Attributes:
        map: scale * (x - mean) / sqrt(variance + epsilon) + offset, float32 or wider.
        mean: With length one on the axes it was taken over.
        variance: Likewise; the biased one.
    """

    map: Tensor
    mean: Tensor
    variance: Tensor


def normalized(
    x: Tensor,
    axes: Sequence[int],
    weights: Tensor | None = None,
    epsilon: Any = EPSILON,
    scale: Tensor | None = None,
    offset: Tensor | None = None,
) -> Normalized:
    """(x - mean) / sqrt(variance + epsilon) * scale + offset, in float32 or wider.

    The mean is subtracted first: the variance as E[x²] - E[x]², which Keras computes on PyTorch, is
    inexact where the mean is large, and for a constant map it can be negative.

    Args:
        x: A map; with a scale, its channels are last and not among `axes`.
        axes: What mean and variance are taken over, in ascending order.
        weights: 1 or 0, with a shape that broadcasts against x: what statistics leave out.
        epsilon: Added to the variance.
        scale: (C,); none if None.
        offset: (C,); given with `scale`.
    """
    wide = ops.cast(x, accumulation_dtype(x.dtype))
    mean = weighted_mean(wide, axes, weights, keepdims=True)
    centred = wide - mean
    variance = weighted_mean(ops.square(centred), axes, weights, keepdims=True)
    unit = centred * ops.rsqrt(variance + epsilon)
    if scale is not None:
        unit = unit * ops.cast(scale, unit.dtype) + ops.cast(offset, unit.dtype)
    return Normalized(unit, mean, variance)


def gradients(
    upstream: Tensor,
    unit: Tensor,
    factor: Tensor,
    total: Callable[[Tensor], Tensor],
    number: Any,
) -> tuple[Tensor, Tensor, Tensor]:
    """The gradients of a normalised map, unit * scale + offset, by x, the scale and the offset.

    Those by the scale and the offset have length one on the axes of the statistics.

    Args:
        upstream: That of the normalised map.
        unit: (x - mean) / sqrt(variance + epsilon).
        factor: scale / sqrt(variance + epsilon).
        total: Sums a map over the axes of the statistics, which are kept with length one.
        number: Of values along these axes.
    """
    level, slope = total(upstream), total(upstream * unit)
    return factor * (upstream - (level + unit * slope) / number), slope, level


def softmax(logits: Tensor, axis: int = -1) -> Tensor:
    """Softmax over an axis, which may have one element: Keras's own warns of that."""
    return ops.exp(ops.log_softmax(logits, axis=axis))
