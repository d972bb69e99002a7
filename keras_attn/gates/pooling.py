"""Pooled statistics: what gates read of a map.

Every mean is accumulated, and every result returned, in float32 or wider: the arithmetic of a gate
runs on small maps, where precision costs nothing.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from keras import ops

from keras_attn import kernels
from keras_attn.kernels import Tensor

#: The statistics that a gate may read.
POOLS = ("mean", "max")


def check_pools(pools: Sequence[str]) -> tuple[str, ...]:
    """Returns the names as a tuple, or raises ValueError where they are not those of statistics."""
    if isinstance(pools, str) or not pools or set(pools) - set(POOLS):
        raise ValueError(
            f"`pools` must be a tuple of one or more of {POOLS}. Received: pools={pools!r}."
        )
    return tuple(pools)


def pooled_at(
    mask: Tensor, x: Tensor, axes: Sequence[int], pools: Sequence[str], under: Tensor | None = None
) -> list[Tensor]:
    """The statistics of the positions of a mask, over all of them; see `kernels.pooled`.

    Args:
        mask: Which positions are not padding, with length one along the channels.
        x: The map.
        axes: All axes of positions.
        pools: Names of statistics.
        under: A gate of the positions that x is multiplied by.
    """
    share = ops.mean(ops.cast(mask, kernels.accumulation_dtype(x.dtype)), axes, keepdims=True)
    statistics = []
    for name in pools:
        if name == "mean":
            kept = ops.cast(mask, x.dtype)
            gate = kept if under is None else kept * under
            (mean,) = kernels.pooled(x, axes, [name], under=gate)
            statistics.append(ops.divide_no_nan(mean, share))
        else:
            product = x if under is None else x * under
            (largest,) = kernels.pooled(ops.where(mask, product, -math.inf), axes, [name])
            statistics.append(ops.where(share > 0, largest, 0))
    return statistics


def scaled(pooled: Sequence[Tensor], gate: Tensor) -> list[Tensor]:
    """The statistics of a map under a gate that is constant along the pooled axes.

    A factor that is not negative moves out of a mean and out of a maximum, so the statistics of the
    map itself are multiplied, and the map is not read again.
    """
    return [each * ops.cast(gate, each.dtype) for each in pooled]
