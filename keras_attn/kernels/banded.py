"""Correlating a few small maps with one kernel each, as a matrix product.

This is what a spatial gate does with its pooled maps. XLA's convolution on the CPU is slow for so
few channels.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Sequence

import numpy as np
from keras import ops

from keras_attn.kernels.tensor import Tensor

#: The longest last axis for which banded matrices, whose size is its square, are worth it.
LONGEST_BAND = 64


def correlation(maps: Tensor, kernels: Tensor) -> Tensor:
    """(B, *positions, n), (1, n, *kernel) -> (B, *positions): the sum of n correlations.

    It is one matrix product: the rows under each row of the kernel, times the kernel as bands. Its
    gradients are such products, too: of the upstream gradient and the flipped kernels, and of the
    rows and the upstream gradient.
    """
    length = maps.shape[-2]
    *heights, width = kernels.shape[2:]

    def product(maps: Tensor, kernels: Tensor) -> Tensor:
        left = windows(maps, heights)
        result = ops.matmul(as_rows(left), bands(kernels, length))
        return ops.reshape(result, (-1, *ops.shape(left)[1:-1], length, kernels.shape[0]))

    @ops.custom_gradient
    def correlated(maps: Tensor, kernels: Tensor) -> tuple[Tensor, Callable]:
        def gradient(upstream: Tensor) -> tuple[Tensor, Tensor]:
            flipped = ops.flip(ops.swapaxes(kernels, 0, 1), tuple(range(2, len(kernels.shape))))
            left = windows(maps, heights)
            by_bands = ops.matmul(
                ops.transpose(as_rows(left)),
                ops.reshape(upstream, (-1, length)),
            )
            by_bands = ops.reshape(by_bands, (math.prod(heights), length, -1, length))
            shift = shifts(width, length, maps.dtype)
            by_kernels = ops.einsum("hvnw,jvw->nhj", by_bands, shift)
            by_maps = product(ops.expand_dims(upstream, -1), flipped)
            return by_maps, ops.reshape(by_kernels, kernels.shape)

        return ops.squeeze(product(maps, kernels), -1), gradient

    return correlated(maps, kernels)


def windows(maps: Tensor, heights: Sequence[int]) -> Tensor:
    """(B, *rows, length, n) -> (B, *rows, heights * length * n): the rows under a kernel's rows."""
    *rows, length, number = ops.shape(maps)[1:]
    margins = [(height // 2, height // 2) for height in heights]
    padded = ops.pad(maps, [(0, 0), *margins, (0, 0), (0, 0)])
    parts = [
        padded[(slice(None), *map(slice, offsets, map(sum, zip(offsets, rows, strict=True))))]
        for offsets in itertools.product(*map(range, heights))
    ]
    return ops.concatenate([ops.reshape(each, (-1, *rows, length * number)) for each in parts], -1)


def as_rows(x: Tensor) -> Tensor:
    """(..., n) -> (rows, n): a matrix, whose product needs no operations on shapes."""
    return ops.reshape(x, (-1, x.shape[-1]))


def bands(kernels: Tensor, length: int) -> Tensor:
    """(m, n, *heights, width) -> (heights * length * n, length * m).

    A row of a kernel, moved along a row of the map, is a banded matrix; the matrices are stacked.
    """
    *heights, width = kernels.shape[2:]
    taps = ops.reshape(kernels, (-1, width))
    shift = shifts(width, length, kernels.dtype)
    matrices = ops.matmul(taps, ops.reshape(shift, (width, -1)))
    matrices = ops.reshape(matrices, (*kernels.shape[:-1], length, length))
    axes = range(2, 2 + len(heights))
    matrices = ops.transpose(matrices, (*axes, len(axes) + 2, 1, len(axes) + 3, 0))
    return ops.reshape(matrices, (-1, length * kernels.shape[0]))


def shifts(width: int, length: int, dtype: str) -> Tensor:
    """(width, length, length): [j, v, w] is 1 where tap j of a centred kernel at w falls on v."""
    taps = np.arange(width)[:, None, None] - width // 2
    places = np.arange(length)
    return ops.cast(places[None, :, None] == places[None, None, :] + taps, dtype)
