"""Pooled statistics of a feature map: the only places where a gate reads the full-size map.

Every mean is accumulated, and every result returned, in float32 or wider: the arithmetic of
a gate runs on small maps, where precision costs nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import keras
from keras import ops

from keras_attn.gates.count import count_true

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
    axes = (axes,) if isinstance(axes, int) else tuple(axes)
    if keras.backend.backend() in ("jax", "tensorflow"):
        largest = ops.squeeze(_shared_maximum(x, axes), axes)
    else:
        largest = ops.max(x, axis=axes)
    return ops.cast(largest, accumulation_dtype(x.dtype))


def _shared_maximum(x: Tensor, axes: tuple[int, ...]) -> Tensor:
    """The maximum with a gradient that XLA can compute without a copy of x in memory.

    Its own keeps, for every value, whether it is the largest as a float of 0 or 1.
    """

    @ops.custom_gradient
    def maximum(x: Tensor) -> tuple[Tensor, Callable]:
        largest = ops.max(x, axis=axes, keepdims=True)

        def gradient(upstream: Tensor) -> Tensor:
            share = ops.cast(upstream, "float32") / count_true(x >= largest, axes)
            return ops.where(x == largest, ops.cast(share, x.dtype), ops.zeros((), x.dtype))

        return largest, gradient

    return maximum(x)


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
