"""Depth-wise convolutions, which XLA's own code for the CPU makes ten times slower than need be.

There the taps of the kernel are multiplied with moved copies of the map, all of which XLA computes
in one loop, and the gradient by the kernel is a matrix product a channel.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from typing import Any

import keras
from keras import ops

from keras_attn.gates.correlation import LONGEST_BAND, shifts
from keras_attn.gates.device import is_compiled_by_xla_for_cpu
from keras_attn.gates.statistics import Tensor


class _ByTaps(keras.layers.Layer):
    """What both layers do in place of the backend's own convolution."""

    def call(self, x: Tensor) -> Tensor:
        """The filtered map."""
        # Half precision would be summed in half precision, too.
        wide = keras.backend.standardize_dtype(x.dtype) in ("float32", "float64")
        if not (wide and is_compiled_by_xla_for_cpu()):
            return super().call(x)
        kernel = ops.cast(self.kernel, x.dtype)[..., 0]
        filtered = depthwise_correlation(x, kernel)
        return filtered + ops.cast(self.bias, x.dtype) if self.use_bias else filtered


class DepthwiseConvolution1D(_ByTaps, keras.layers.DepthwiseConv1D):
    """(B, length, C) -> the same shape; the arguments are those of Keras's layer."""


class DepthwiseConvolution2D(_ByTaps, keras.layers.DepthwiseConv2D):
    """(B, H, W, C) -> the same shape; the arguments are those of Keras's layer."""


def depthwise_correlation(x: Tensor, kernel: Tensor) -> Tensor:
    """(B, *positions, C), (*kernel, C) -> the shape of x, which is padded with zeros."""
    return _correlation()(x, kernel)


def _correlation() -> Callable[[Tensor, Tensor], Tensor]:
    if keras.backend.backend() != "jax":
        return _with_gradient
    import jax

    # Called outside of a compiled function, JAX would compile every tap on its own.
    return jax.jit(_with_gradient)


def _with_gradient(x: Tensor, kernel: Tensor) -> Tensor:
    @ops.custom_gradient
    def correlation(x: Tensor, kernel: Tensor) -> tuple[Tensor, Callable]:
        def gradient(upstream: Tensor) -> tuple[Tensor, Tensor]:
            sizes = kernel.shape[:-1]
            turned = ops.flip(kernel, tuple(range(len(sizes))))
            return sum_of_taps(upstream, turned), gradient_by_kernel(x, upstream, sizes)

        return sum_of_taps(x, kernel), gradient

    return correlation(x, kernel)


def sum_of_taps(x: Tensor, kernel: Tensor) -> Tensor:
    """The correlation: the map, moved by each place in the kernel, times the weights there."""
    sizes = kernel.shape[:-1]
    moved = _moved(x, sizes)
    return sum(part * kernel[place] for place, part in moved)


def gradient_by_kernel(x: Tensor, upstream: Tensor, sizes: Sequence[int]) -> Tensor:
    """The sum over batch and positions of the moved maps times the upstream gradient."""
    if len(sizes) == 1:
        x, upstream = (ops.expand_dims(each, 1) for each in (x, upstream))
        return gradient_by_kernel(x, upstream, (1, *sizes))[0]
    height, width = sizes
    if height > width:
        x, upstream = (ops.swapaxes(each, 1, 2) for each in (x, upstream))
        return ops.swapaxes(gradient_by_kernel(x, upstream, (width, height)), 0, 1)
    length = x.shape[2]
    if length is None or length > LONGEST_BAND:
        sums = [ops.sum(part * upstream, axis=(0, 1, 2)) for _, part in _moved(x, sizes)]
        return ops.reshape(ops.stack(sums), (*sizes, -1))
    # Of the products of every place in a row with every other, those a tap apart are summed.
    shift = shifts(width, length, x.dtype)
    rows = [
        ops.einsum("cvw,jvw->jc", ops.einsum("bhvc,bhwc->cvw", part, upstream), shift)
        for _, part in _moved(x, (height, 1))
    ]
    return ops.stack(rows)


def _moved(x: Tensor, sizes: Sequence[int]) -> list[tuple[tuple[int, ...], Tensor]]:
    """Every place in a kernel, and the map moved so that it lies under the kernel's centre."""
    lengths = ops.shape(x)[1:-1]
    margins = [(size // 2, size // 2) for size in sizes]
    padded = ops.pad(x, [(0, 0), *margins, (0, 0)])
    places: list[tuple[int, ...]] = list(itertools.product(*map(range, sizes)))
    slices: list[tuple[Any, ...]] = [
        (slice(None), *(slice(at, at + n) for at, n in zip(place, lengths, strict=True)))
        for place in places
    ]
    return [(place, padded[each]) for place, each in zip(places, slices, strict=True)]
