"""What PyTorch computes operation by operation, in few passes over a map.

Without a compiler every operation reads and writes whole maps, and those with booleans take two to
three times as long as those with floats. The functions here keep a map and its gates for the
gradient and compute the rest again. Their gradients work in place, unless they are differentiated
themselves.
"""

from __future__ import annotations

import functools
import inspect
import math
import operator
from collections.abc import Callable, Sequence
from typing import Any

import torch

from keras_attn.kernels import normalize


def applied(function: type[torch.autograd.Function], *arguments: Any) -> Any:
    """What a function computes, with its gradient where gradients are enabled.

    To set up a gradient takes as long as to read a small map.
    """
    return (function.apply if torch.is_grad_enabled() else function.forward)(*arguments)


def with_signature(function: Callable) -> Callable:
    """The function, which keeps its signature.

    PyTorch binds the arguments of `forward` at every call, and to find its signature takes longer
    than to read a small map.
    """
    function.__signature__ = inspect.signature(function)  # type: ignore[attr-defined]
    return function


class Pooled(torch.autograd.Function):
    """Statistics of x, a maximum among them, over axes that are kept with length one.

    The values that tie for a maximum share its gradient.
    """

    generate_vmap_rule = True

    @staticmethod
    @with_signature
    def forward(
        x: torch.Tensor, axes: Sequence[int], pools: Sequence[str]
    ) -> tuple[torch.Tensor, ...]:
        """One statistic for each of `pools`."""
        statistics = {"mean": torch.mean, "max": torch.amax}
        return tuple(statistics[name](x, axes, keepdim=True) for name in pools)

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple, output: tuple[torch.Tensor, ...]) -> None:
        """Keeps what both derivatives read."""
        x, ctx.axes, ctx.pools = inputs
        largest = output[ctx.pools.index("max")]
        ctx.save_for_backward(x, largest)
        ctx.save_for_forward(x, largest)

    @staticmethod
    def backward(ctx: Any, *upstream: torch.Tensor) -> tuple[torch.Tensor | None, ...]:
        """The gradient by x."""
        x, largest = ctx.saved_tensors
        by_pool = dict(zip(ctx.pools, upstream, strict=True))
        places = _places(x, largest)
        share = (by_pool["max"] / _count(places, ctx.axes)).to(x.dtype)
        # Not in place: where upstream gradients are a batch, by vmap, the places are not.
        if "mean" not in by_pool:
            return places * share, None, None
        mean = by_pool["mean"] / math.prod(x.shape[axis] for axis in ctx.axes)
        return torch.addcmul(mean, places, share), None, None

    @staticmethod
    def jvp(ctx: Any, tangent: torch.Tensor, *_: None) -> tuple[torch.Tensor, ...]:
        """Means of the tangent: over all values, or over those that are as large."""
        x, largest = ctx.saved_tensors
        found = []
        for name in ctx.pools:
            if name == "max":
                places = _places(x, largest)
                total = (tangent * places).sum(ctx.axes, keepdim=True)
                found.append((total / _count(places, ctx.axes)).to(x.dtype))
            else:
                found.append(tangent.mean(ctx.axes, keepdim=True))
        return tuple(found)


def _places(x: torch.Tensor, largest: torch.Tensor) -> torch.Tensor:
    """1 where the maximum is, and 0 elsewhere, as floats."""
    if torch.is_grad_enabled():
        return (x == largest).to(x.dtype)
    return torch.eq(x, largest, out=torch.empty_like(x))


def _count(places: torch.Tensor, axes: Sequence[int]) -> torch.Tensor:
    """How many places there are; in half precision large numbers would be inexact or infinite."""
    half = places.dtype in (torch.float16, torch.bfloat16)
    return places.sum(axes, keepdim=True, dtype=torch.float32 if half else places.dtype)


class Product(torch.autograd.Function):
    """A map under one gate or two, x * gate * gate."""

    generate_vmap_rule = True

    @staticmethod
    @with_signature
    def forward(x: torch.Tensor, *gates: torch.Tensor) -> torch.Tensor:
        """One product after the other."""
        return functools.reduce(operator.mul, gates, x)

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[torch.Tensor, ...], output: torch.Tensor) -> None:
        """Keeps the map and the gates."""
        ctx.save_for_backward(*inputs)
        ctx.save_for_forward(*inputs)

    @staticmethod
    def backward(ctx: Any, upstream: torch.Tensor) -> tuple[torch.Tensor | None, ...]:
        """The gradients by the map and by its gates."""
        x, *gates = ctx.saved_tensors
        by_x = None
        if ctx.needs_input_grad[0]:
            first, *rest = gates
            by_x = upstream * first
            for gate in rest:
                # In place, unless the gradient is differentiated itself.
                by_x = by_x * gate if torch.is_grad_enabled() else by_x.mul_(gate)
        if not any(ctx.needs_input_grad[1:]):
            return by_x, *(None for _ in gates)
        by_gain = upstream * x
        if len(gates) == 1:
            return by_x, by_gain.sum_to_size(gates[0].shape)
        first, second = gates
        return by_x, summed(by_gain, second, first.shape), summed(by_gain, first, second.shape)

    @staticmethod
    def jvp(ctx: Any, *tangents: torch.Tensor | None) -> torch.Tensor:
        """The product rule."""
        factors = ctx.saved_tensors
        return sum(
            functools.reduce(
                operator.mul,
                (tangent if place == number else each for place, each in enumerate(factors)),
            )
            for number, tangent in enumerate(tangents)
            if tangent is not None
        )


def summed(x: torch.Tensor, weights: torch.Tensor, shape: tuple[int, ...]) -> torch.Tensor:
    """The sum of x * weights to a shape: a product of matrices between channels and positions."""
    batch, *positions, channels = x.shape
    by_channel = (batch, *(1 for _ in positions), channels)
    by_position = (batch, *positions, 1)
    rows = x.reshape(batch, -1, channels)
    if weights.shape == by_position and shape == by_channel:
        return (weights.reshape(batch, 1, -1) @ rows).reshape(shape)
    if weights.shape == by_channel and shape == by_position:
        return (rows @ weights.reshape(batch, -1, 1)).reshape(shape)
    return (x * weights).sum_to_size(shape)


def eager_normalized(
    x: torch.Tensor,
    epsilon: float = normalize.EPSILON,
    scale: torch.Tensor | None = None,
    offset: torch.Tensor | None = None,
) -> normalize.Normalized:
    """`normalize.normalized` over all axes but the last, by PyTorch's own function."""
    pair = [None if each is None else each.to(x.dtype) for each in (scale, offset)]
    unit, mean, inverse = torch.native_batch_norm(
        x.movedim(-1, 1), *pair, None, None, True, 0.0, epsilon
    )
    variance = (inverse.square().reciprocal() - epsilon).clamp(min=0)
    shape = (*(1 for _ in x.shape[:-1]), -1)
    return normalize.Normalized(unit.movedim(1, -1), mean.reshape(shape), variance.reshape(shape))
