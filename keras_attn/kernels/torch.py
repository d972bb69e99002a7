"""PyTorch's kernels: those of `torch_eager`, and what torch.compile makes the best of.

The layout optimisation of torch.compile takes every four-dimensional array that leads to a
convolution for a batch of channels_first images, and copies it into channels_last: a map that is
channels_last already ends up in an order of axes that suits no loop. The compiler does not look
into a custom operation, so the convolution is one. (A model that is exported needs the convolution
itself.)
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from keras import ops

from keras_attn.kernels.interface import Kernels
from keras_attn.kernels.tensor import Tensor, accumulation_dtype, number_along
from keras_attn.kernels.torch_eager import Pooled, Product, applied, summed

CONVOLUTIONS = {
    1: torch.nn.functional.conv1d,
    2: torch.nn.functional.conv2d,
    3: torch.nn.functional.conv3d,
}


def zero_padded_convolution(maps: torch.Tensor, kernels: torch.Tensor) -> torch.Tensor:
    """(B, n, *positions), (m, n, *kernel) -> (B, m, *positions); zero-padded, odd kernels."""
    if torch.compiler.is_compiling() and not torch.compiler.is_exporting():
        return _opaque_convolution(maps, kernels)
    return _convolution(maps, kernels)


def _convolution(maps: torch.Tensor, kernels: torch.Tensor) -> torch.Tensor:
    return CONVOLUTIONS[kernels.ndim - 2](maps, kernels, padding=_margins(kernels))


def _margins(kernels: torch.Tensor) -> list[int]:
    return [size // 2 for size in kernels.shape[2:]]


@torch.library.custom_op("keras_attn::convolution", mutates_args=())
def _opaque_convolution(maps: torch.Tensor, kernels: torch.Tensor) -> torch.Tensor:
    return _convolution(maps, kernels).contiguous()


@_opaque_convolution.register_fake
def _(maps: torch.Tensor, kernels: torch.Tensor) -> torch.Tensor:
    return maps.new_empty((maps.shape[0], kernels.shape[0], *maps.shape[2:]))


@torch.library.custom_op("keras_attn::convolution_gradients", mutates_args=())
def _gradients(
    upstream: torch.Tensor, maps: torch.Tensor, kernels: torch.Tensor
) -> tuple[torch.Tensor, torch.Tensor]:
    ones = [1] * (kernels.ndim - 2)
    by_maps, by_kernels, _ = torch.ops.aten.convolution_backward(
        upstream,
        maps,
        kernels,
        None,
        ones,
        _margins(kernels),
        ones,
        False,
        [0] * len(ones),
        1,
        [True, True, False],
    )
    return by_maps.contiguous(), by_kernels.contiguous()


@_gradients.register_fake
def _(
    upstream: torch.Tensor, maps: torch.Tensor, kernels: torch.Tensor
) -> tuple[torch.Tensor, torch.Tensor]:
    return maps.new_empty(maps.shape), kernels.new_empty(kernels.shape)


def _keep(ctx: Any, inputs: tuple[torch.Tensor, torch.Tensor], output: torch.Tensor) -> None:
    ctx.save_for_backward(*inputs)


def _backward(ctx: Any, upstream: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    return _gradients(upstream, *ctx.saved_tensors)


_opaque_convolution.register_autograd(_backward, setup_context=_keep)


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
        places, count = _places(x, largest, ctx.axes)
        share = upstream.reshape(count.shape) / count
        return torch.where(places, share.to(x.dtype), 0), None


def _places(
    x: torch.Tensor, largest: torch.Tensor, axes: Sequence[int]
) -> tuple[torch.Tensor, torch.Tensor]:
    """Where x is the largest, and how often along `axes`."""
    places = x == largest.reshape(_kept_shape(x, axes))
    return places, places.sum(axes, keepdim=True, dtype=torch.float32)


def _kept_shape(x: torch.Tensor, axes: Sequence[int]) -> tuple[int, ...]:
    """The shape of x with `axes` at length one."""
    return tuple(1 if axis in axes else length for axis, length in enumerate(x.shape))


def _is_traced() -> bool:
    """Whether operations become a program: of the compiler, or a file for another runtime."""
    return torch.compiler.is_compiling() or torch.jit.is_tracing()


def _is_eager(*tensors: torch.Tensor) -> bool:
    """Whether operations run one by one, on tensors of one dtype that needs no wider sums."""
    dtype = tensors[0].dtype
    return (
        not _is_traced()
        and dtype in (torch.float32, torch.float64)
        and all(each.dtype == dtype for each in tensors)
    )


class Torch(Kernels):
    """PyTorch on any device."""

    def normalizes_batches(self) -> bool:
        """torch.compile traces it as one graph; Keras's own breaks the graph."""
        return True

    def shares_product(self, x: Tensor, gate: Tensor, pools: Sequence[str]) -> bool:
        """Operation by operation, but not for a mean, which is a product of matrices."""
        return "max" in pools and _is_eager(x, gate)

    def mean(self, x: Tensor, axes: Sequence[int], under: Tensor | None = None) -> Tensor:
        """By a sum, whose gradient is not written; under a gate, without a map of products."""
        if not _is_eager(x, *() if under is None else (under,)):
            return super().mean(x, axes, under)
        if under is None:
            return x.sum(tuple(axes)) / number_along(x, axes)
        total = summed(x, under, _kept_shape(x, axes))
        return (total / number_along(x, axes)).squeeze(tuple(axes))

    def maximum(self, x: Tensor, axes: Sequence[int], under: Tensor | None = None) -> Tensor:
        """Keras's own checks whether x is empty, which breaks a graph that torch.compile traces."""
        axes = tuple(axes)
        if _is_traced():
            largest = Maximum.apply(x if under is None else x * under, axes)
        else:
            product = x if under is None else self.times(x, under)
            largest = applied(Pooled, product, axes, ("max",))[0].squeeze(axes)
        return ops.cast(largest, accumulation_dtype(x.dtype))

    def pooled(
        self, x: Tensor, axes: Sequence[int], pools: Sequence[str], under: Tensor | None = None
    ) -> list[Tensor]:
        """All in one function, so that their gradients are one map."""
        if not _is_eager(x, *() if under is None else (under,)):
            return super().pooled(x, axes, pools, under)
        if "max" not in pools:
            return [ops.expand_dims(self.mean(x, axes, under), axes) for _ in pools]
        product = x if under is None else self.times(x, under)
        return [*applied(Pooled, product, tuple(axes), tuple(pools))]

    def times(self, x: Tensor, *gates: Tensor) -> Tensor:
        """One function, whose gradients share a product of maps."""
        if not _is_eager(x, *gates):
            return super().times(x, *gates)
        return applied(Product, x, *gates)

    def correlate(self, maps: Tensor, kernels: Tensor) -> Tensor:
        """One operation under torch.compile."""
        kernels = ops.cast(kernels, maps.dtype)
        return zero_padded_convolution(ops.moveaxis(maps, -1, 1), kernels)[:, 0]
