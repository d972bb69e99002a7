"""Depth-wise convolutions as sums over the taps of the kernel.

XLA's own code for them is ten times slower on the CPU. Here each tap is multiplied with a shifted
copy of the map, all of which XLA computes in one loop, and the gradient by the kernel is one matrix
product per channel.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from typing import Any

from keras import ops

from keras_attn.kernels.banded import LONGEST_BAND, shifts
from keras_attn.kernels.tensor import Tensor


def depthwise_correlation(x: Tensor, kernel: Tensor) -> Tensor:
    """(B, *positions, C), (*kernel, C) -> the shape of x, which is padded with zeros."""

    @ops.custom_gradient
    def correlation(x: Tensor, kernel: Tensor) -> tuple[Tensor, Callable]:
        def gradient(upstream: Tensor) -> tuple[Tensor, Tensor]:
            sizes = kernel.shape[:-1]
            flipped = ops.flip(kernel, tuple(range(len(sizes))))
            return sum_of_taps(upstream, flipped), gradient_by_kernel(x, upstream, sizes)

        return sum_of_taps(x, kernel), gradient

    return correlation(x, kernel)


def sum_of_taps(x: Tensor, kernel: Tensor) -> Tensor:
    """The correlation: the map, shifted by each place in the kernel, times the weights there."""
    shifted = _shifted(x, kernel.shape[:-1])
    total = sum(part * kernel[place] for place, part in shifted)
    # XLA would compute all taps again in every loop that reads the sum, but it does not join loops
    # across a branch. The other branch is for weights that are not numbers: the result is not one.
    weight = ops.sum(kernel)
    return ops.cond(weight == weight, lambda: total, lambda: total * weight)


def gradient_by_kernel(x: Tensor, upstream: Tensor, sizes: Sequence[int]) -> Tensor:
    """The sum over batch and positions of the shifted maps times the upstream gradient."""
    if len(sizes) == 1:
        x, upstream = (ops.expand_dims(each, 1) for each in (x, upstream))
        return gradient_by_kernel(x, upstream, (1, *sizes))[0]
    height, width = sizes
    if height > width:
        x, upstream = (ops.swapaxes(each, 1, 2) for each in (x, upstream))
        return ops.swapaxes(gradient_by_kernel(x, upstream, (width, height)), 0, 1)
    length = x.shape[2]
    if length is None or length > LONGEST_BAND:
        sums = [ops.sum(part * upstream, axis=(0, 1, 2)) for _, part in _shifted(x, sizes)]
        return ops.reshape(ops.stack(sums), (*sizes, -1))
    # Sum those products of two places in a row that are one tap apart.
    shift = shifts(width, length, x.dtype)
    rows = [
        ops.einsum("cvw,jvw->jc", ops.einsum("bhvc,bhwc->cvw", part, upstream), shift)
        for _, part in _shifted(x, (height, 1))
    ]
    return ops.stack(rows)


def _shifted(x: Tensor, sizes: Sequence[int]) -> list[tuple[tuple[int, ...], Tensor]]:
    """Every place in a kernel, and the map shifted so that this place lies on its centre."""
    lengths = ops.shape(x)[1:-1]
    margins = [(size // 2, size // 2) for size in sizes]
    padded = ops.pad(x, [(0, 0), *margins, (0, 0)])
    places: list[tuple[int, ...]] = list(itertools.product(*map(range, sizes)))
    slices: list[tuple[Any, ...]] = [
        (slice(None), *(slice(at, at + n) for at, n in zip(place, lengths, strict=True)))
        for place in places
    ]
    return [(place, padded[each]) for place, each in zip(places, slices, strict=True)]
