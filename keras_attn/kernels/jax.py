"""JAX's kernels."""

from __future__ import annotations

from collections.abc import Sequence

import jax
from keras import ops

from keras_attn.kernels import jax_convolution, taps
from keras_attn.kernels.simam_energy import energy_from_memory
from keras_attn.kernels.tensor import Tensor, accumulation_dtype, is_half
from keras_attn.kernels.xla import XLA, XLAOnCPU


def count_true(mask: Tensor, axes: Sequence[int]) -> Tensor:
    """How many are true over `axes`, which are kept with length one; float32.

    A mask as large as a map is written to memory before XLA sums it on the CPU: as bytes it is a
    quarter of the map, as floats a copy. So the first sum is kept in the smallest integers that
    hold its length.
    """
    first, *others = axes
    counts = ops.cast(_sum(mask, first), "float32")
    return ops.sum(counts, axis=tuple(others), keepdims=True) if others else counts


def _sum(mask: Tensor, axis: int) -> Tensor:
    length = mask.shape[axis]
    if length is None or length >= 2**16:
        return ops.sum(ops.cast(mask, "float32"), axis=axis, keepdims=True)
    dtype = "uint8" if length < 2**8 else "uint16"
    return mask.astype(dtype).sum(axis=axis, keepdims=True, dtype=dtype)


class JAX(XLA):
    """JAX on an accelerator."""

    count_true = staticmethod(count_true)


class JAXOnCPU(XLAOnCPU):
    """JAX on the CPU."""

    count_true = staticmethod(count_true)
    fuses_sums = True

    def is_compiling(self) -> bool:
        """Always: `by_taps` compiles itself."""
        return True

    def energy(
        self, x: Tensor, axes: Sequence[int], weights: Tensor | None, regularization: float
    ) -> Tensor:
        """With a gradient that keeps no map but x."""
        if weights is not None:
            return super().energy(x, axes, weights, regularization)
        x = ops.cast(x, accumulation_dtype(x.dtype))
        return energy_from_memory(x, tuple(axes), regularization)

    def convolve(self, x: Tensor, kernel: Tensor) -> Tensor:
        """With a gradient of the kernel that is computed image by image."""
        if is_half(x):
            return super().convolve(x, kernel)
        return jax_convolution.convolution(x, ops.cast(kernel, x.dtype))

    def by_taps(self, x: Tensor, kernel: Tensor) -> Tensor:
        """Compiled as a whole: outside of a compiled function JAX would compile every tap."""
        return jax.jit(taps.depthwise_correlation)(x, kernel)
