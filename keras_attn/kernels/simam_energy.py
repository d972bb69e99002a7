"""SimAM's gate: how far a value is from the rest of its channel."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from keras import ops

from keras_attn.kernels.matrix_sums import sum_of_computed, sum_over
from keras_attn.kernels.normalize import normalized
from keras_attn.kernels.tensor import Tensor, accumulation_dtype, number_along


def energy(x: Tensor, axes: Sequence[int], weights: Tensor | None, regularization: float) -> Tensor:
    """sigmoid(d / (4 (sum d / (n - 1) + regularization)) + 1/2), d = (x - mean x)^2.

    Args:
        x: A map.
        axes: Those of the n positions, in ascending order.
        weights: 1 or 0, with a shape that broadcasts against x: the positions that count;
            all if None.
        regularization: Keeps the division finite where a channel is constant.
    """
    x = ops.cast(x, accumulation_dtype(x.dtype))
    share = _share_of_variance(x, axes, weights)
    unit = normalized(x, axes, weights, epsilon=regularization * share).map
    return ops.sigmoid(0.25 * share * ops.square(unit) + 0.5)


def energy_from_memory(x: Tensor, axes: tuple[int, ...], regularization: float) -> Tensor:
    """`energy`, whose gradient keeps no map but x.

    Operation by operation it would write the normalised map and the gate to memory and read them
    again.
    """

    @ops.custom_gradient
    def gate_of(x: Tensor) -> tuple[Tensor, Callable]:
        number = number_along(x, axes)
        mean = sum_over(x, axes) / number
        variance = ops.mean(ops.square(x - mean), axis=axes, keepdims=True)
        root = root_of_slope(variance, number, regularization)

        def by_x(upstream: Tensor) -> Tensor:
            return gradient(upstream, x, mean, root, lambda y: sum_of_computed(y, axes), number)

        return gate(x, mean, root), by_x

    return gate_of(x)


def root_of_slope(variance: Tensor, number: Any, regularization: float) -> Tensor:
    """The root of the slope with which the logits of `energy` rise with the squared distance.

    Args:
        variance: The biased one, of each channel.
        number: Of positions, n.
        regularization: That of `energy`.
    """
    share = (number - 1) / number
    return 0.5 * ops.sqrt(share / (variance + regularization * share))


def gate(x: Tensor, mean: Tensor, root: Tensor) -> Tensor:
    """sigmoid(slope (x - mean)^2 + 1/2), of the root of the slope."""
    # Not slope * square(x - mean): XLA would write these squares to memory once, because the
    # variance reads them too.
    return ops.sigmoid(ops.square(root * (x - mean)) + 0.5)


def gradient(
    upstream: Tensor,
    x: Tensor,
    mean: Tensor,
    root: Tensor,
    total: Callable[[Tensor], Tensor],
    number: Any,
) -> Tensor:
    """The gradient of the gate by x.

        2 slope (w c - mean(w c)) - 8 slope² n / (n - 1) mean(w c²) c,   c = x - mean x,

    where w is the upstream gradient times gate (1 - gate).

    Args:
        upstream: That of the gate.
        x: The map.
        mean: Of x.
        root: Of the slope.
        total: Sums a map over the positions, which are kept with length one.
        number: Of positions, n.
    """
    centred, numbers, slope = x - mean, gate(x, mean, root), ops.square(root)
    product = upstream * numbers * (1 - numbers) * centred
    level = total(product) / number
    spread = total(product * centred) / (number - 1)
    return 2 * slope * (product - level) - 8 * slope * slope * spread * centred


def _share_of_variance(x: Tensor, axes: Sequence[int], weights: Tensor | None) -> Any:
    """(n - 1) / n: the biased variance over the unbiased one."""
    if weights is None:
        number = number_along(x, axes)
    else:
        kept = ops.sum(ops.cast(weights, "int32"), axes, keepdims=True)
        number = ops.cast(ops.maximum(kept, 2), x.dtype)
    return (number - 1) / number
