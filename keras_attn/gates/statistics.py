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


POOLS = {"mean": mean_over, "max": max_over}


def pool_over(x: Tensor, axes: int | Sequence[int], pool: str) -> Tensor:
    """The statistic named `pool` over `axes`, which are dropped."""
    return POOLS[pool](x, axes)


def check_pools(pools: Sequence[str]) -> tuple[str, ...]:
    """Returns the names as a tuple, or raises ValueError where they are not those of statistics."""
    if isinstance(pools, str) or not pools or set(pools) - POOLS.keys():
        raise ValueError(
            f"`pools` must be a tuple of one or more of {tuple(POOLS)}. Received: pools={pools!r}."
        )
    return tuple(pools)
