"""The gradient of a convolution's kernel on the CPU, where XLA's own code is slow.

XLA takes one map for the kernel of a convolution of the other. For the 7x7 kernels of GAM this took
1.3 to 18 times longer; which shapes are slow is hard to foresee. Here it is a sum over the images
of matrix products, whose parts of the maps stay in the cache.
"""

from __future__ import annotations

from collections.abc import Callable

import jax
from jax import numpy as jnp
from keras import ops

from keras_attn.kernels.interface import Kernels
from keras_attn.kernels.tensor import Tensor


def convolution(x: Tensor, kernel: Tensor) -> Tensor:
    """(B, H, W, C), (height, width, C, O) -> (B, H, W, O); the map is padded with zeros."""

    @ops.custom_gradient
    def convolved(x: Tensor, kernel: Tensor) -> tuple[Tensor, Callable]:
        y, by_map = jax.vjp(lambda x: Kernels().convolve(x, kernel), x)

        def gradient(upstream: Tensor) -> tuple[Tensor, Tensor]:
            return *by_map(upstream), _gradient_by_kernel(x, upstream, kernel.shape[:2])

        return y, gradient

    return convolved(x, kernel)


def _gradient_by_kernel(x: Tensor, upstream: Tensor, sizes: tuple[int, int]) -> Tensor:
    """(B, H, W, C), (B, H, W, O) -> (height, width, C, O), for a kernel with these odd sizes."""
    if x.shape[-1] > upstream.shape[-1]:
        # The map that is shifted is copied for each column of the kernel, so it is the smaller one.
        swapped = _gradient_by_kernel(upstream, x, sizes)
        return jnp.swapaxes(jnp.flip(swapped, (0, 1)), 2, 3)

    def add(total: Tensor, image: tuple[Tensor, Tensor]) -> tuple[Tensor, None]:
        return total + _of_image(*image, sizes), None

    total = jnp.zeros((*sizes, x.shape[-1], upstream.shape[-1]), x.dtype)
    return jax.lax.scan(add, total, (x, upstream))[0]


def _of_image(x: Tensor, upstream: Tensor, sizes: tuple[int, int]) -> Tensor:
    """The same for one image: a matrix product for each row of the kernel."""
    (height, width), (rows, columns, _) = sizes, x.shape
    padded = jnp.pad(x, [(height // 2,) * 2, (width // 2,) * 2, (0, 0)])
    shifted = jnp.concatenate([padded[:, at : at + columns] for at in range(width)], axis=-1)
    by_row = [jnp.einsum("hwk,hwo->ko", shifted[at : at + rows], upstream) for at in range(height)]
    return jnp.stack(by_row).reshape(*sizes, x.shape[-1], upstream.shape[-1])
