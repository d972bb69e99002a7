"""What torch.compile makes the best of: functions whose gradients compute maps again.

Its own gradients keep maps in memory that cost less to compute than to read. A sum over the batch
runs through all of a map once for each few channels, so the sum along the last axis of positions is
taken first, which stays in the cache.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch

from keras_attn.kernels import normalize, simam_energy
from keras_attn.kernels.tensor import number_along
from keras_attn.kernels.torch_eager import applied


def is_compiled() -> bool:
    """Whether torch.compile traces what runs, and not the export of a model."""
    return torch.compiler.is_compiling() and not torch.compiler.is_exporting()


class Maximum(torch.autograd.Function):
    """The maximum over axes, which are dropped; the values that tie share the gradient.

    PyTorch's own gradient counts ties in integers of 64 bits, which slows down loops over floats.
    """

    generate_vmap_rule = True

    @staticmethod
    def forward(x: torch.Tensor, axes: Sequence[int]) -> torch.Tensor:
        """The maximum."""
        return x.amax(axes)

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple, output: torch.Tensor) -> None:
        """Keeps what the gradient reads."""
        x, ctx.axes = inputs
        ctx.save_for_backward(x, output)

    @staticmethod
    def backward(ctx: Any, upstream: torch.Tensor) -> tuple[torch.Tensor, None]:
        """An equal share for all that are as large."""
        x, largest = ctx.saved_tensors
        shape = kept_shape(x, ctx.axes)
        places = x == largest.reshape(shape)
        count = places.sum(ctx.axes, keepdim=True, dtype=torch.float32)
        share = upstream.reshape(shape) / count
        return torch.where(places, share.to(x.dtype), 0), None


class Normalize(torch.autograd.Function):
    """`normalize.normalized` without weights; its mean and its variance have no gradients."""

    generate_vmap_rule = True

    @staticmethod
    def forward(
        x: torch.Tensor, axes: Sequence[int], epsilon: float, *scale_and_offset: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        """The normalised map, the mean and the variance."""
        mean, variance = _moments(x, axes)
        scale, offset = scale_and_offset or (1.0, 0.0)
        return (x - mean) * (torch.rsqrt(variance + epsilon) * scale) + offset, mean, variance

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple, output: tuple[torch.Tensor, ...]) -> None:
        """Keeps the map, and what is small."""
        x, ctx.axes, ctx.epsilon, *scale_and_offset = inputs
        _, mean, variance = output
        ctx.mark_non_differentiable(mean, variance)
        ctx.save_for_backward(x, mean, variance, *scale_and_offset[:1])

    @staticmethod
    def backward(ctx: Any, upstream: torch.Tensor, *_: Any) -> tuple[torch.Tensor | None, ...]:
        """The gradients by the map, the scale and the offset."""
        x, mean, variance, *scale = ctx.saved_tensors
        if torch.is_grad_enabled():
            mean, variance = _moments(x, ctx.axes)
        inverse = torch.rsqrt(variance + ctx.epsilon)
        by_x, *others = normalize.gradients(
            upstream,
            (x - mean) * inverse,
            inverse * (scale[0] if scale else 1.0),
            lambda y: _total(y, ctx.axes),
            number_along(x, ctx.axes),
        )
        return by_x, None, None, *(by.sum_to_size(each.shape) for by in others for each in scale)


def compiled_normalized(
    x: torch.Tensor,
    axes: tuple[int, ...],
    epsilon: float = normalize.EPSILON,
    scale: torch.Tensor | None = None,
    offset: torch.Tensor | None = None,
) -> normalize.Normalized:
    """`normalize.normalized` without weights, by `Normalize`."""
    pair = [each.to(x.dtype) for each in (scale, offset) if each is not None]
    return normalize.Normalized(*applied(Normalize, x, axes, epsilon, *pair))


class Energy(torch.autograd.Function):
    """`simam_energy.energy` without weights."""

    generate_vmap_rule = True

    @staticmethod
    def forward(
        x: torch.Tensor, axes: Sequence[int], regularization: float
    ) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        """The gate, the mean and the variance."""
        mean, variance = _moments(x, axes)
        root = simam_energy.root_of_slope(variance, number_along(x, axes), regularization)
        return simam_energy.gate(x, mean, root), mean, variance

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple, output: tuple[torch.Tensor, ...]) -> None:
        """Keeps the map, and what is small."""
        x, ctx.axes, ctx.regularization = inputs
        _, mean, variance = output
        ctx.mark_non_differentiable(mean, variance)
        ctx.save_for_backward(x, mean, variance)

    @staticmethod
    def backward(ctx: Any, upstream: torch.Tensor, *_: Any) -> tuple[torch.Tensor, None, None]:
        """The gradient by the map."""
        x, mean, variance = ctx.saved_tensors
        if torch.is_grad_enabled():
            mean, variance = _moments(x, ctx.axes)
        number = number_along(x, ctx.axes)
        root = simam_energy.root_of_slope(variance, number, ctx.regularization)
        by_x = simam_energy.gradient(upstream, x, mean, root, lambda y: _total(y, ctx.axes), number)
        return by_x, None, None


def _moments(x: torch.Tensor, axes: Sequence[int]) -> tuple[torch.Tensor, torch.Tensor]:
    """The mean and the variance.

    A gradient that is differentiated itself computes them again, since those that were kept have
    no gradients.
    """
    number = number_along(x, axes)
    mean = _total(x, axes) / number
    return mean, _total((x - mean).square(), axes) / number


def _total(x: torch.Tensor, axes: Sequence[int]) -> torch.Tensor:
    """The sum over `axes`, which are kept with length one."""
    if 0 in axes and len(axes) > 1:
        x, axes = x.sum(axes[-1], keepdim=True), axes[:-1]
    return x.sum(axes, keepdim=True)


def kept_shape(x: torch.Tensor, axes: Sequence[int]) -> tuple[int, ...]:
    """The shape of x with `axes` at length one."""
    return tuple(1 if axis in axes else length for axis, length in enumerate(x.shape))
