"""The arithmetic that gates and layers share, computed on each backend the way it is fastest there.

`interface` says what every function computes, in Keras's own operations. `torch`, `tensorflow` and
`jax` hold what is computed differently on one backend; `xla` holds what TensorFlow and JAX share.
`choice` picks one of them, and no other module of the package asks which backend runs.
"""

from __future__ import annotations

import functools
import operator
from collections.abc import Sequence
from typing import Any

from keras_attn.kernels.choice import chosen, is_xla_on_cpu, plain
from keras_attn.kernels.normalize import EPSILON, softmax, weighted_mean
from keras_attn.kernels.tensor import Tensor, accumulation_dtype

__all__ = [
    "EPSILON",
    "Tensor",
    "accumulation_dtype",
    "chosen",
    "convolve",
    "correlate",
    "depthwise",
    "energy",
    "is_xla_on_cpu",
    "maximum",
    "mean",
    "normalized",
    "plain",
    "plus",
    "pooled",
    "shares_product",
    "softmax",
    "times",
    "weighted_mean",
    "weighted_sum",
]


def mean(x: Tensor, axes: Sequence[int], under: Tensor | None = None) -> Tensor:
    """Mean of x, or of x * under, over `axes`, which are dropped; float32 or wider.

    Args:
        x: A map.
        axes: In ascending order.
        under: A gate that x is multiplied by, with length one on all other axes but the batch.
    """
    return chosen().mean(x, axes, under)


def maximum(x: Tensor, axes: Sequence[int], under: Tensor | None = None) -> Tensor:
    """Maximum of x, or of x * under; the values that tie share the gradient. See `mean`."""
    return chosen().maximum(x, axes, under)


def pooled(
    x: Tensor, axes: Sequence[int], pools: Sequence[str], under: Tensor | None = None
) -> list[Tensor]:
    """The statistics named `pools`, "mean" and "max", with `axes` kept at length one. See `mean`.

    Build x * gate to pool it only if `shares_product` says so; otherwise pass `under=gate`.
    """
    return chosen().pooled(x, axes, pools, under)


def shares_product(x: Tensor, gate: Tensor, pools: Sequence[str]) -> bool:
    """Whether to compute x * gate once for all that reads it, these statistics of it among them.

    Otherwise each reads x and the gate: pass `under=gate` to `pooled`, and both to `times`.
    """
    return chosen().shares_product(x, gate, pools)


def weighted_sum(x: Tensor, weights: Tensor, axes: Sequence[int]) -> Tensor:
    """The sum of x * weights over `axes`, which are kept with length one.

    Args:
        x: A map.
        weights: They broadcast against x.
        axes: In ascending order.
    """
    return chosen().weighted_sum(x, weights, axes)


def times(x: Tensor, *gates: Tensor) -> Tensor:
    """The map under its gates, x * gate * ... * gate.

    Args:
        x: A map.
        *gates: One gate or two.
    """
    if len(gates) > 1 and not _vary_apart(*gates):
        gates = (functools.reduce(operator.mul, gates),)
    return chosen().times(x, *gates)


def plus(first: Tensor, second: Tensor) -> Tensor:
    """The sum of two gates that vary along different axes."""
    return chosen().plus(first, second)


def _vary_apart(first: Tensor, second: Tensor) -> bool:
    """Whether no axis but the batch has both gates vary: one of channels and one of positions."""
    return all(1 in pair for pair in zip(first.shape[1:], second.shape[1:], strict=True))


def normalized(
    x: Tensor, axes: Sequence[int], weights: Tensor | None = None, **options: Any
) -> Tensor:
    """The map of `keras_attn.kernels.normalize.normalized`, which documents the arguments."""
    return chosen().normalized(x, axes, weights, **options).map


def energy(x: Tensor, axes: Sequence[int], weights: Tensor | None, regularization: float) -> Tensor:
    """The gate of `keras_attn.kernels.simam_energy.energy`, which documents the arguments."""
    return chosen().energy(x, axes, weights, regularization)


def correlate(maps: Tensor, kernels: Tensor) -> Tensor:
    """(B, *positions, n), (1, n, *kernel) -> (B, *positions): the sum of n correlations.

    The maps are padded with zeros; the kernel's sides are odd.
    """
    return chosen().correlate(maps, kernels)


def convolve(x: Tensor, kernel: Tensor) -> Tensor:
    """(B, H, W, C), (height, width, C, O) -> (B, H, W, O).

    The map is padded with zeros; the kernel's sides are odd.
    """
    return chosen().convolve(x, kernel)


def depthwise(x: Tensor, kernel: Tensor) -> Tensor:
    """(B, *positions, C), (*kernel, C, 1) -> the shape of x: one correlation per channel.

    The map is padded with zeros; the kernel's sides are odd.
    """
    return chosen().depthwise(x, kernel)
