"""Pooled statistics of a feature map: the only places where a gate reads the full-size map.

Every mean is accumulated, and every result returned, in float32 or wider: the arithmetic of
a gate runs on small maps, where precision costs nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import keras
from keras import ops

Tensor = Any


def accumulation_dtype(dtype: str) -> str:
    """The dtype in which statistics of a map of `dtype` are kept: float32 or wider."""
    name = keras.backend.standardize_dtype(dtype)
    return "float32" if name in ("float16", "bfloat16") else name


def mean_over(x: Tensor, axes: int | Sequence[int]) -> Tensor:
    """Mean over `axes`, which are dropped."""
    return ops.mean(ops.cast(x, accumulation_dtype(x.dtype)), axis=axes)


def max_over(x: Tensor, axes: int | Sequence[int]) -> Tensor:
    """Maximum over `axes`, which are dropped; ties share the gradient."""
    return ops.cast(ops.max(x, axis=axes), accumulation_dtype(x.dtype))
