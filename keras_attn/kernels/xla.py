"""What TensorFlow and JAX share: kernels for XLA, on an accelerator and on the CPU."""

from __future__ import annotations

import functools
import math
import operator
from collections.abc import Callable, Sequence
from typing import Any

import keras
from keras import ops

from keras_attn.kernels import banded, taps
from keras_attn.kernels.interface import Kernels
from keras_attn.kernels.matrix_sums import sum_over, sum_to
from keras_attn.kernels.normalize import EPSILON, Standardized
from keras_attn.kernels.tensor import Tensor, accumulation_dtype

#: The longest axis whose halves are not worth combining first.
SHORT = 8


class XLA(Kernels):
    """XLA on an accelerator: the maximum alone has a gradient of its own."""

    @staticmethod
    def count_true(mask: Tensor, axes: Sequence[int]) -> Tensor:
        """How many are true over `axes`, which are kept with length one; float32."""
        raise NotImplementedError

    def maximum(self, x: Tensor, axes: Sequence[int], under: Tensor | None = None) -> Tensor:
        """With a gradient that XLA computes without a copy of x in memory.

        XLA's own keeps, for every value, whether it is the largest as a float of 0 or 1.
        """
        largest = self._maximum(x if under is None else x * under, axes)
        return ops.cast(ops.squeeze(largest, axes), accumulation_dtype(x.dtype))

    def _maximum(self, x: Tensor, axes: Sequence[int]) -> Tensor:
        axes = tuple(axes)

        @ops.custom_gradient
        def maximum(x: Tensor) -> tuple[Tensor, Callable]:
            largest = ops.max(x, axis=axes, keepdims=True)

            def gradient(upstream: Tensor) -> Tensor:
                share = ops.cast(upstream, "float32") / self.count_true(x >= largest, axes)
                return ops.where(x == largest, ops.cast(share, x.dtype), ops.zeros((), x.dtype))

            return largest, gradient

        return maximum(x)


class XLAOnCPU(XLA):
    """XLA on the CPU, whose code for sums of products and for thin convolutions is slow.

    Sums are matrix products here, and so is the correlation of a few maps.
    """

    #: Whether a sum of products of two maps is computed as it is read, without a map of products.
    fuses_sums: bool

    def is_compiling(self) -> bool:
        """Whether what is computed now becomes one program, so that many operations are fused."""
        raise NotImplementedError

    def mean(self, x: Tensor, axes: Sequence[int], under: Tensor | None = None) -> Tensor:
        """By a sum of `matrix_sums`."""
        x = ops.cast(x, accumulation_dtype(x.dtype))
        sums = sum_over(x, axes, None if under is None else ops.cast(under, x.dtype))
        number = math.prod(ops.shape(x)[axis] for axis in axes)
        return ops.squeeze(sums / ops.cast(number, x.dtype), axes)

    def maximum(self, x: Tensor, axes: Sequence[int], under: Tensor | None = None) -> Tensor:
        """Under a gate, without a map of products; its gradients are the sums of `matrix_sums`."""
        # In half precision, XLA may keep a product in more than 16 bits, so that it does not equal
        # its own maximum.
        if under is None or accumulation_dtype(x.dtype) != x.dtype:
            return super().maximum(x, axes, under)
        return ops.squeeze(self._maximum_under(x, under, tuple(axes)), axes)

    def pooled(
        self, x: Tensor, axes: Sequence[int], pools: Sequence[str], under: Tensor | None = None
    ) -> list[Tensor]:
        """Each reads the map and the gate, so that no product is written to memory."""
        return [ops.expand_dims(self.pool(name)(x, axes, under), axes) for name in pools]

    def times(self, x: Tensor, *gates: Tensor) -> Tensor:
        """Its gradients by the gates are the sums of `matrix_sums`."""
        if len(gates) == 1 and self.fuses_sums:
            return super().times(x, *gates)

        @ops.custom_gradient
        def product(x: Tensor, *gates: Tensor) -> tuple[Tensor, Callable]:
            def gradient(upstream: Tensor) -> tuple[Tensor, ...]:
                by_gain = upstream * x
                others = [[other for other in gates if other is not gate] for gate in gates]
                by_gates = map(sum_to, gates, [by_gain] * len(gates), *zip(*others, strict=True))
                return sum_to(x, upstream * functools.reduce(operator.mul, gates)), *by_gates

            return functools.reduce(operator.mul, gates, x), gradient

        return product(x, *gates)

    def standardizes_batches(self) -> bool:
        """XLA's moments of a batch are slow sums."""
        return self.is_compiling()

    def standardized(
        self,
        x: Tensor,
        axes: Sequence[int],
        weights: Tensor | None = None,
        epsilon: Any = EPSILON,
    ) -> Standardized:
        """By sums of `matrix_sums`; the gradient computes the standardised map again."""
        if weights is not None or not self.is_compiling():
            return super().standardized(x, axes, weights, epsilon)
        wide = ops.cast(x, accumulation_dtype(x.dtype))
        return Standardized(*_standardized(wide, tuple(axes), epsilon))

    def correlate(self, maps: Tensor, kernels: Tensor) -> Tensor:
        """By banded matrices where the last axis is short enough for them."""
        length = maps.shape[-2]
        if length is None or length > banded.LONGEST_BAND:
            return super().correlate(maps, kernels)
        return banded.correlation(maps, ops.cast(kernels, maps.dtype))

    def depthwise(self, x: Tensor, kernel: Tensor) -> Tensor:
        """By taps in a program of XLA's, which fuses them; elsewhere they are slow."""
        # Half precision would be summed in half precision, too.
        wide = keras.backend.standardize_dtype(x.dtype) in ("float32", "float64")
        if not (wide and self.is_compiling()):
            return super().depthwise(x, kernel)
        return self.by_taps(x, ops.cast(kernel, x.dtype)[..., 0])

    def by_taps(self, x: Tensor, kernel: Tensor) -> Tensor:
        """(B, *positions, C), (*kernel, C) -> the shape of x."""
        return taps.depthwise_correlation(x, kernel)

    def _maximum_under(self, x: Tensor, gate: Tensor, axes: tuple[int, ...]) -> Tensor:
        """The maximum of x * gate, with `axes` kept at length one.

        Where x * gate is the maximum, x is the maximum / gate; so the gradient of the gate is a sum
        over the places of the maxima alone, and it shares the map of these places with their count.
        """
        others = [axis for axis in range(1, len(x.shape)) if axis not in axes]

        @ops.custom_gradient
        def maximum(x: Tensor, gate: Tensor) -> tuple[Tensor, Callable]:
            largest = _largest(x * gate, axes)

            def gradient(upstream: Tensor) -> tuple[Tensor, Tensor]:
                places = ops.cast(x * gate >= largest, x.dtype)
                # If XLA computes the product again, fused with what the gate is made of, it may
                # round it differently, so that no place equals the maximum: then it has no
                # gradient, in place of an infinite one.
                share = ops.divide_no_nan(upstream, sum_over(places, axes))
                by_gate = ops.divide_no_nan(sum_over(places, others, share * largest), gate)
                return places * share * gate, by_gate

            return largest, gradient

        return maximum(x, gate)


def _standardized(x: Tensor, axes: tuple[int, ...], epsilon: Any) -> tuple[Tensor, ...]:
    """The standardised map, the mean and the variance, the last two without gradients."""
    sizes = ops.shape(x)
    number = ops.cast(math.prod(sizes[axis] for axis in axes), x.dtype)

    def mean_of(x: Tensor) -> Tensor:
        sums = sum_over(x, [axis for axis in axes if axis > 0])
        return (ops.sum(sums, axis=0, keepdims=True) if 0 in axes else sums) / number

    @ops.custom_gradient
    def standardize(x: Tensor) -> tuple[tuple[Tensor, ...], Callable]:
        mean = mean_of(x)
        variance = mean_of(ops.square(x - mean))
        scale = ops.rsqrt(variance + epsilon)

        def gradient(*upstreams: Any) -> Tensor:
            # JAX gives those of the three results as one tuple, TensorFlow one by one.
            upstream = keras.tree.flatten(upstreams)[0]
            unit = (x - mean) * scale
            slope = mean_of(upstream * unit)
            return scale * (upstream - mean_of(upstream) - unit * slope)

        return ((x - mean) * scale, mean, variance), gradient

    return standardize(x)


def _largest(x: Tensor, axes: tuple[int, ...]) -> Tensor:
    """The maximum over `axes`, which are kept with length one, for an x that is a product.

    TensorFlow's XLA fuses a product with the maximum of two halves, but not with that of all.
    """
    axis = axes[0]
    while (x.shape[axis] or 1) % 2 == 0 and x.shape[axis] > SHORT:
        x = ops.maximum(*ops.split(x, 2, axis=axis))
    return ops.max(x, axis=axes, keepdims=True)
