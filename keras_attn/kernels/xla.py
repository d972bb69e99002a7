"""What TensorFlow and JAX share: kernels for XLA, on an accelerator and on the CPU."""

from __future__ import annotations

import functools
import operator
from collections.abc import Callable, Sequence
from typing import Any

import keras
from keras import ops

from keras_attn.kernels import banded, taps
from keras_attn.kernels.interface import Kernels
from keras_attn.kernels.matrix_sums import halved, sum_of_computed, sum_over, sum_to
from keras_attn.kernels.normalize import EPSILON, Normalized, gradients
from keras_attn.kernels.tensor import Tensor, accumulation_dtype, is_half, number_along


class XLA(Kernels):
    """XLA on an accelerator: the maximum alone has a gradient of its own."""

    def shares_product(self, x: Tensor, gate: Tensor, pools: Sequence[str]) -> bool:
        """Not in a program, which computes a product wherever it is read."""
        return False

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
        return ops.squeeze(sums / number_along(x, axes), axes)

    def maximum(self, x: Tensor, axes: Sequence[int], under: Tensor | None = None) -> Tensor:
        """Under a gate, without a map of products; its gradients are the sums of `matrix_sums`."""
        # In half precision, XLA may keep a product in more than 16 bits, so that it does not equal
        # its own maximum.
        if under is None or is_half(x):
            return super().maximum(x, axes, under)
        return ops.squeeze(self._maximum_under(x, under, tuple(axes)), axes)

    def pooled(
        self, x: Tensor, axes: Sequence[int], pools: Sequence[str], under: Tensor | None = None
    ) -> list[Tensor]:
        """Each reads the map and the gate, so that no product is written to memory."""
        return [ops.expand_dims(self.pool(name)(x, axes, under), axes) for name in pools]

    def weighted_sum(self, x: Tensor, weights: Tensor, axes: Sequence[int]) -> Tensor:
        """By halves, so that no product is written to memory."""
        if not self.is_compiling():
            return super().weighted_sum(x, weights, axes)

        @ops.custom_gradient
        def total(x: Tensor, weights: Tensor) -> tuple[Tensor, Callable]:
            def gradient(upstream: Tensor) -> tuple[Tensor, Tensor]:
                return upstream * weights, sum_to(weights, upstream * x)

            return sum_of_computed(x * weights, axes), gradient

        return total(x, weights)

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

    def normalizes_batches(self) -> bool:
        """XLA's moments of a batch are slow sums."""
        return self.is_compiling()

    def normalized(
        self, x: Tensor, axes: Sequence[int], weights: Tensor | None = None, **options: Any
    ) -> Normalized:
        """By sums of `matrix_sums`; the gradient computes the normalised map again.

        That is for maps of channels and positions. Groups of channels, whose last axis is short,
        are left to XLA.
        """
        inner = [axis for axis in axes if axis > 0]
        is_together = bool(inner) and inner[-1] - inner[0] + 1 == len(inner)
        is_of_positions = is_together and len(inner) == len(x.shape) - 2
        if weights is not None or not (is_of_positions and self.is_compiling()):
            return super().normalized(x, axes, weights, **options)
        x = ops.cast(x, accumulation_dtype(x.dtype))
        return _normalized(x, tuple(axes), self.fuses_sums, **options)

    def correlate(self, maps: Tensor, kernels: Tensor) -> Tensor:
        """By banded matrices where the last axis is short enough for them."""
        length = maps.shape[-2]
        if length is None or length > banded.LONGEST_BAND:
            return super().correlate(maps, kernels)
        return banded.correlation(maps, ops.cast(kernels, maps.dtype))

    def depthwise(self, x: Tensor, kernel: Tensor) -> Tensor:
        """By taps in a program of XLA's, which fuses them; elsewhere they are slow."""
        if is_half(x) or not self.is_compiling():
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


def _normalized(
    x: Tensor,
    axes: tuple[int, ...],
    fuses_sums: bool,
    epsilon: Any = EPSILON,
    scale: Tensor | None = None,
    offset: Tensor | None = None,
) -> Normalized:
    """The normalised map; its mean and its variance have no gradients."""
    pair = [] if scale is None else [ops.cast(each, x.dtype) for each in (scale, offset)]
    number = number_along(x, axes)

    @ops.custom_gradient
    def normalize(x: Tensor, *scale_and_offset: Tensor) -> tuple[tuple[Tensor, ...], Callable]:
        sums = sum_over(x, [axis for axis in axes if axis > 0])
        mean = (ops.sum(sums, axis=0, keepdims=True) if 0 in axes else sums) / number
        squares = ops.square(x - mean)
        total = (
            ops.sum(squares, axis=axes, keepdims=True)
            if fuses_sums
            else sum_of_computed(squares, axes)
        )
        variance = total / number
        inverse = ops.rsqrt(variance + epsilon)
        scale, offset = scale_and_offset or (1.0, 0.0)

        def gradient(*upstreams: Any) -> Any:
            # JAX gives those of the three results as one tuple, TensorFlow one by one.
            by_x, *others = gradients(
                keras.tree.flatten(upstreams)[0],
                (x - mean) * inverse,
                inverse * scale,
                lambda y: sum_of_computed(y, axes),
                number,
            )
            if not scale_and_offset:
                return by_x
            return by_x, *(_summed_to(each, scale) for each in others)

        return ((x - mean) * inverse * scale + offset, mean, variance), gradient

    return Normalized(*normalize(x, *pair))


def _summed_to(x: Tensor, like: Tensor) -> Tensor:
    """The sum of x, (..., C), to the shape of a vector of the channels, (C,)."""
    return ops.reshape(ops.sum(x, axis=tuple(range(len(x.shape) - 1))), ops.shape(like))


def _largest(x: Tensor, axes: tuple[int, ...]) -> Tensor:
    """The maximum over `axes`, which are kept with length one, for an x that is a product.

    TensorFlow's XLA fuses a product with the maximum of two halves, but not with that of all.
    """
    return ops.max(halved(x, axes[0], ops.maximum), axis=axes, keepdims=True)
