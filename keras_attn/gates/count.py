"""Counting what is true, in as few bytes as the count needs.

A mask as large as a feature map is written to memory before XLA sums it on the CPU: as bytes it is
a quarter of the map, as floats a copy.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import keras
from keras import ops

Tensor = Any


def count_true(mask: Tensor, axes: Sequence[int]) -> Tensor:
    """How many are true over `axes`, which are kept with length one; float32."""
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
