"""PyTorch's kernels, operation by operation and under torch.compile."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from keras import ops

from keras_attn.kernels.interface import Kernels
from keras_attn.kernels.normalize import Normalized
from keras_attn.kernels.tensor import Tensor, accumulation_dtype, number_along
from keras_attn.kernels.torch_compiled import (
    Energy,
    Maximum,
    compiled_normalized,
    is_compiled,
    kept_shape,
)
from keras_attn.kernels.torch_convolution import zero_padded_convolution
from keras_attn.kernels.torch_eager import Pooled, Product, applied, eager_normalized, summed

#: How many channels torch.compile needs to add vectors of them; with fewer its own gradients are
#: faster.
VECTOR = 8


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

    def normalized(
        self, x: Tensor, axes: Sequence[int], weights: Tensor | None = None, **options: Any
    ) -> Normalized:
        """PyTorch's own for a batch; under torch.compile with a gradient that keeps only x."""
        wide = ops.cast(x, accumulation_dtype(x.dtype))
        if weights is None and is_compiled() and x.shape[-1] >= VECTOR:
            return compiled_normalized(wide, tuple(axes), **options)
        is_batch = tuple(axes) == tuple(range(x.ndim - 1))
        # PyTorch's own refuses a batch without images.
        if weights is None and _is_eager(wide) and is_batch and wide.numel():
            return eager_normalized(wide, **options)
        return super().normalized(wide, axes, weights, **options)

    def energy(
        self, x: Tensor, axes: Sequence[int], weights: Tensor | None, regularization: float
    ) -> Tensor:
        """Under torch.compile with a gradient that keeps no map but x."""
        if weights is not None or not is_compiled():
            return super().energy(x, axes, weights, regularization)
        x = ops.cast(x, accumulation_dtype(x.dtype))
        return applied(Energy, x, tuple(axes), regularization)[0]

    def shares_product(self, x: Tensor, gate: Tensor, pools: Sequence[str]) -> bool:
        """Operation by operation, but not for a mean, which is a product of matrices."""
        return "max" in pools and _is_eager(x, gate)

    def mean(self, x: Tensor, axes: Sequence[int], under: Tensor | None = None) -> Tensor:
        """By a sum, whose gradient is not written; under a gate, without a map of products."""
        if not _is_eager(x, *() if under is None else (under,)):
            return super().mean(x, axes, under)
        if under is None:
            return x.sum(tuple(axes)) / number_along(x, axes)
        total = summed(x, under, kept_shape(x, axes))
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
