"""Pooled statistics of a feature map: the only places where a gate reads the full-size map.

Every mean is accumulated, and every result returned, in float32 or wider: the arithmetic of
a gate runs on small maps, where precision costs nothing.

A map under a gate is not made in order to be pooled: whoever pools x * gate says `under=gate`.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import keras
from keras import ops

from keras_attn.gates.count import SHORT, count_true
from keras_attn.gates.device import is_xla_on_cpu
from keras_attn.gates.sums import sum_over

if keras.backend.backend() == "torch":
    from keras_attn.gates import torch_operations

Tensor = Any


def accumulation_dtype(dtype: str) -> str:
    """The dtype in which statistics of a map of `dtype` are kept: float32 or wider."""
    name = keras.backend.standardize_dtype(dtype)
    return "float32" if name in ("float16", "bfloat16") else name


def mean_over(x: Tensor, axes: int | Sequence[int], under: Tensor | None = None) -> Tensor:
    """Mean of x, or of x * under, over `axes`, which are dropped; see `pooled_over`."""
    axes = (axes,) if isinstance(axes, int) else tuple(axes)
    x = ops.cast(x, accumulation_dtype(x.dtype))
    if not is_xla_on_cpu():
        return ops.mean(x if under is None else x * under, axis=axes)
    sums = sum_over(x, axes, None if under is None else ops.cast(under, x.dtype))
    number = math.prod(ops.shape(x)[axis] for axis in axes)
    return ops.squeeze(sums / ops.cast(number, x.dtype), axes)


def max_over(x: Tensor, axes: int | Sequence[int], under: Tensor | None = None) -> Tensor:
    """Maximum of x, or of x * under, over `axes`, which are dropped; ties share the gradient."""
    axes = (axes,) if isinstance(axes, int) else tuple(axes)
    if keras.backend.backend() == "torch":
        # Keras's own looks whether x is empty, which breaks a graph that torch.compile traces.
        largest = torch_operations.Maximum.apply(x if under is None else x * under, axes)
        return ops.cast(largest, accumulation_dtype(x.dtype))
    if under is None:
        largest = _maximum(x, axes)
    elif accumulation_dtype(x.dtype) == x.dtype:
        largest = _maximum_under(x, under, axes)
    else:
        # A product that XLA keeps in more than 16 bits need not be equal to its own maximum.
        largest = _maximum(x * under, axes)
    return ops.cast(ops.squeeze(largest, axes), accumulation_dtype(x.dtype))


POOLS = {"mean": mean_over, "max": max_over}


def pooled_over(
    x: Tensor, axes: int | Sequence[int], pools: Sequence[str], under: Tensor | None = None
) -> list[Tensor]:
    """The statistics named `pools` over `axes`, which are kept with length one.

    Args:
        x: The map.
        axes: In order.
        pools: Keys of `POOLS`.
        under: A gate that x is multiplied by, with length one on all other axes but the batch.
    """
    if under is not None and not is_xla_on_cpu():
        x, under = x * under, None
    return [ops.expand_dims(POOLS[pool](x, axes, under), axes) for pool in pools]


def scaled(pooled: Sequence[Tensor], gate: Tensor) -> list[Tensor]:
    """The statistics of a map under a gate that is constant where the map is pooled.

    A factor that is not negative moves out of a mean and out of a maximum, so the map is not read
    again: those of the map itself are multiplied.
    """
    return [each * ops.cast(gate, each.dtype) for each in pooled]


def check_pools(pools: Sequence[str]) -> tuple[str, ...]:
    """Returns the names as a tuple, or raises ValueError where they are not those of statistics."""
    if isinstance(pools, str) or not pools or set(pools) - POOLS.keys():
        raise ValueError(
            f"`pools` must be a tuple of one or more of {tuple(POOLS)}. Received: pools={pools!r}."
        )
    return tuple(pools)


def _maximum(x: Tensor, axes: Sequence[int]) -> Tensor:
    """The maximum, with a gradient that XLA can compute without a copy of x in memory.

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


def _maximum_under(x: Tensor, gate: Tensor, axes: Sequence[int]) -> Tensor:
    """The maximum of x * gate.

    Where x * gate is the maximum, x is the maximum / gate; so the gradient of the gate is a sum
    over the places of the maxima alone, and shares the map of these places with their count.
    """
    others = [axis for axis in range(1, len(x.shape)) if axis not in axes]

    @ops.custom_gradient
    def maximum(x: Tensor, gate: Tensor) -> tuple[Tensor, Callable]:
        largest = _largest(x * gate, axes)

        def gradient(upstream: Tensor) -> tuple[Tensor, Tensor]:
            places = ops.cast(x * gate >= largest, x.dtype)
            share = upstream / sum_over(places, axes)
            by_gate = ops.divide_no_nan(sum_over(places, others, share * largest), gate)
            return places * share * gate, by_gate

        return largest, gradient

    return maximum(x, gate)


def _largest(x: Tensor, axes: Sequence[int]) -> Tensor:
    """The maximum over `axes`, which are kept with length one, for an x that is a product.

    TensorFlow's XLA fuses a product with the maximum of two halves, but not with that of all.
    """
    axis = axes[0]
    while (x.shape[axis] or 1) % 2 == 0 and x.shape[axis] > SHORT:
        x = ops.maximum(*ops.split(x, 2, axis=axis))
    return ops.max(x, axis=axes, keepdims=True)
