"""Counting what is true, in as few bytes as the count needs.

A mask as large as a feature map is written to memory before XLA sums it on the CPU: as bytes it is
a quarter of the map, as floats a copy. The version of XLA in TensorFlow sums bytes as wider
integers, but adds the halves of a mask as bytes.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import keras
from keras import ops

Tensor = Any

#: The longest axis whose halves are not worth combining first.
SHORT = 8


def count_true(mask: Tensor, axes: Sequence[int]) -> Tensor:
    """How many are true over `axes`, which are kept with length one; float32."""
    if keras.backend.backend() == "tensorflow":
        return _by_halves(mask, axes)
    first, *others = axes
    counts = ops.cast(_sum(mask, first), "float32")
    return ops.sum(counts, axis=tuple(others), keepdims=True) if others else counts


def _sum(mask: Tensor, axis: int) -> Tensor:
    """The sum over one axis, in the smallest integers that hold its length."""
    length = mask.shape[axis]
    if keras.backend.backend() != "jax" or length is None or length >= 2**16:
        return ops.sum(ops.cast(mask, "float32"), axis=axis, keepdims=True)
    dtype = "uint8" if length < 2**8 else "uint16"
    return mask.astype(dtype).sum(axis=axis, keepdims=True, dtype=dtype)


def _by_halves(mask: Tensor, axes: Sequence[int]) -> Tensor:
    """The sum in bytes of one half and the other, again and again, and of what is short then."""
    counts, largest = ops.cast(mask, "uint8"), 1
    for axis in axes:
        length = mask.shape[axis]
        while length and length % 2 == 0 and length > SHORT and 2 * largest < 2**8:
            length, largest = length // 2, 2 * largest
            lower, upper = ops.split(counts, 2, axis=axis)
            counts = lower + upper
    return ops.sum(ops.cast(counts, "float32"), axis=tuple(axes), keepdims=True)
