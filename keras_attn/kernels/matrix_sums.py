"""Sums over the positions or the channels of a map, as matrix products.

XLA's code for the CPU sums products of maps several times more slowly than it multiplies a matrix
and a vector.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

from keras import ops

from keras_attn.kernels.tensor import Tensor, is_half

#: The longest axis whose halves are not worth joining first.
SHORT = 8


def sum_over(x: Tensor, axes: Sequence[int], weights: Tensor | None = None) -> Tensor:
    """The sum of x, or of x * weights, over `axes`, which are kept with length one.

    Args:
        x: (B, ...).
        axes: In ascending order, without that of the batch.
        weights: With length one on all other axes but the batch.
    """
    together = axes[-1] - axes[0] + 1 == len(axes)
    outside = axes[0] == 1 or axes[-1] == len(x.shape) - 1
    whole = weights is None or all(weights.shape[a] == x.shape[a] for a in (0, *axes))
    if is_half(x) or not (together and outside and whole):
        return ops.sum(x if weights is None else x * weights, axis=axes, keepdims=True)
    if weights is None:
        lengths = enumerate(ops.shape(x))
        weights = ops.ones([n if axis in (0, *axes) else 1 for axis, n in lengths], x.dtype)
    others = [axis for axis in range(1, len(x.shape)) if axis not in axes]

    # The gradient by x is an outer product: XLA would compute it as a matrix product and write the
    # map to memory.
    @ops.custom_gradient
    def product(x: Tensor, weights: Tensor) -> tuple[Tensor, Callable]:
        def gradient(upstream: Tensor) -> tuple[Tensor, Tensor]:
            return upstream * weights, _matrix_product(x, others, upstream)

        return _matrix_product(x, axes, weights), gradient

    return product(x, weights)


def sum_of_computed(x: Tensor, axes: Sequence[int]) -> Tensor:
    """The sum over the positions of a map that is not in memory, kept with length one.

    The halves of the map are added as they are computed, which XLA fuses with what computes them,
    until what is left is short: a matrix product would need the whole map in memory.

    Args:
        x: (B, ...).
        axes: In ascending order.
    """
    inner = [axis for axis in axes if axis > 0]
    length = x.shape[inner[0]]
    if not length or length % 2:
        sums = sum_over(x, inner)
    else:
        sums = ops.sum(halved(x, inner[0], ops.add), axis=inner, keepdims=True)
    return ops.sum(sums, axis=0, keepdims=True) if 0 in axes else sums


def halved(x: Tensor, axis: int, join: Callable[[Tensor, Tensor], Tensor]) -> Tensor:
    """A map whose halves along an axis are joined, again and again, until it is short or odd."""
    while (x.shape[axis] or 1) % 2 == 0 and x.shape[axis] > SHORT:
        x = join(*ops.split(x, 2, axis=axis))
    return x


def _matrix_product(x: Tensor, axes: Sequence[int], weights: Tensor) -> Tensor:
    """The sum of x * weights over the first or the last axes after the batch."""
    batch, *sizes = ops.shape(x)
    summed = math.prod(sizes[axis - 1] for axis in axes)
    kept = [1 if axis in axes else size for axis, size in enumerate(sizes, start=1)]
    if axes and axes[0] == 1:
        vectors = ops.reshape(weights, (batch, 1, summed))
        sums = ops.matmul(vectors, ops.reshape(x, (batch, summed, math.prod(kept))))
    else:
        vectors = ops.reshape(weights, (batch, summed, 1))
        sums = ops.matmul(ops.reshape(x, (batch, math.prod(kept), summed)), vectors)
    return ops.reshape(sums, (batch, *kept))


def sum_to(gate: Tensor, x: Tensor, weights: Tensor | None = None) -> Tensor:
    """The sum of x, or of x * weights, over the axes along which x varies and the gate does not.

    Without weights, x is taken for a map that is computed as it is summed.
    """
    lengths = zip(gate.shape, x.shape, strict=True)
    axes = [axis for axis, (ours, theirs) in enumerate(lengths) if ours == 1 != theirs]
    inner = [axis for axis in axes if axis > 0]
    if weights is None and 1 in inner:
        return sum_of_computed(x, axes)
    if inner:
        x = sum_over(x, inner, weights)
    elif weights is not None:
        x = x * weights
    return ops.sum(x, axis=0, keepdims=True) if 0 in axes else x
