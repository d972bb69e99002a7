"""Correlating a few small maps with a kernel each: what a spatial gate does with its pools."""

from __future__ import annotations

import itertools

import numpy as np
from keras import ops

from keras_attn.gates.device import is_xla_on_cpu
from keras_attn.gates.statistics import Tensor

#: The longest last axis for which banded matrices, whose size is its square, are worth it.
LONGEST_BAND = 64


def correlate(maps: Tensor, kernels: Tensor) -> Tensor:
    """(B, *positions, n), (1, n, *kernel) -> (B, *positions): the sum of n correlations.

    The maps are padded with zeros. On the CPU XLA's convolution is slow for so few channels;
    there, products with banded matrices take its place.
    """
    kernels = ops.cast(kernels, maps.dtype)
    length = maps.shape[-2]
    if is_xla_on_cpu() and length is not None and length <= LONGEST_BAND:
        return banded_correlation(maps, kernels)
    return convolution(maps, kernels)


def convolution(maps: Tensor, kernels: Tensor) -> Tensor:
    """By the backend's own convolution.

    The kernels are kept one after the other, map by map, because PyTorch's convolution wants
    them contiguous in that order; for batches of one it fails otherwise.
    """
    kernels = ops.moveaxis(kernels, (0, 1), (-1, -2))
    result = ops.conv(maps, kernels, strides=1, padding="same", data_format="channels_last")
    return ops.squeeze(result, axis=-1)


def banded_correlation(maps: Tensor, kernels: Tensor) -> Tensor:
    """By one matrix product: the rows under each row of the kernel, times the kernel as a band.

    A row of the kernel, moved along a row of the map, is a banded matrix. The rows that lie under
    the kernel's rows stand side by side on the left, the bands one above the other on the right.
    """
    *rows, length, number = ops.shape(maps)[1:]
    *heights, width = kernels.shape[2:]
    bands = ops.tensordot(kernels[0], shifts(width, length, maps.dtype), axes=1)
    bands = ops.reshape(ops.moveaxis(bands, 0, -2), (-1, length))
    margins = [(height // 2, height // 2) for height in heights]
    padded = ops.pad(maps, [(0, 0), *margins, (0, 0), (0, 0)])
    windows = [
        padded[(slice(None), *map(slice, offsets, map(sum, zip(offsets, rows, strict=True))))]
        for offsets in itertools.product(*map(range, heights))
    ]
    left = ops.concatenate(
        [ops.reshape(each, (-1, *rows, length * number)) for each in windows], -1
    )
    return ops.matmul(left, bands)


def shifts(width: int, length: int, dtype: str) -> Tensor:
    """(width, length, length): [j, v, w] is 1 where tap j of a centred kernel at w falls on v."""
    taps = np.arange(width)[:, None, None] - width // 2
    places = np.arange(length)
    return ops.convert_to_tensor(places[None, :, None] == places[None, None, :] + taps, dtype)
