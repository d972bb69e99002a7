"""TensorFlow's kernels."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from keras import ops
from tensorflow.python.framework import ops as framework
from tensorflow.python.ops import control_flow_util

from keras_attn.kernels.interface import Kernels
from keras_attn.kernels.matrix_sums import SHORT, sum_to
from keras_attn.kernels.tensor import Tensor, is_half, number_along
from keras_attn.kernels.xla import XLA, XLAOnCPU


def count_true(mask: Tensor, axes: Sequence[int]) -> Tensor:
    """How many are true over `axes`, which are kept with length one; float32.

    TensorFlow's XLA sums bytes as wider integers, but it adds the halves of a mask as bytes: one
    half is added to the other until what is left is short, or a byte is full.
    """
    counts, largest = ops.cast(mask, "uint8"), 1
    for axis in axes:
        length = mask.shape[axis]
        while length and length % 2 == 0 and length > SHORT and 2 * largest < 2**8:
            length, largest = length // 2, 2 * largest
            lower, upper = ops.split(counts, 2, axis=axis)
            counts = lower + upper
    return ops.sum(ops.cast(counts, "float32"), axis=tuple(axes), keepdims=True)


#: TensorFlow's own operations, one by one.
WITHOUT_XLA = Kernels()


class TensorFlow(XLA):
    """TensorFlow on an accelerator."""

    count_true = staticmethod(count_true)


class TensorFlowOnCPU(XLAOnCPU):
    """TensorFlow on the CPU, whose version of XLA writes a map of products before it sums them.

    Without XLA each operation costs more than what it computes of a small map, so that statistics
    and products are TensorFlow's own there, which are fewer operations.
    """

    count_true = staticmethod(count_true)
    fuses_sums = False

    def is_compiling(self) -> bool:
        """Whether XLA compiles the function that is traced now."""
        return control_flow_util.GraphOrParentsInXlaContext(framework.get_default_graph())

    def shares_product(self, x: Tensor, gate: Tensor, pools: Sequence[str]) -> bool:
        """Without XLA."""
        return not self.is_compiling() and WITHOUT_XLA.shares_product(x, gate, pools)

    def mean(self, x: Tensor, axes: Sequence[int], under: Tensor | None = None) -> Tensor:
        """By XLA or without."""
        if self.is_compiling():
            return super().mean(x, axes, under)
        return WITHOUT_XLA.mean(x, axes, under)

    def maximum(self, x: Tensor, axes: Sequence[int], under: Tensor | None = None) -> Tensor:
        """By XLA or without."""
        if self.is_compiling():
            return super().maximum(x, axes, under)
        return WITHOUT_XLA.maximum(x, axes, under)

    def pooled(
        self, x: Tensor, axes: Sequence[int], pools: Sequence[str], under: Tensor | None = None
    ) -> list[Tensor]:
        """By XLA or without."""
        if self.is_compiling():
            return super().pooled(x, axes, pools, under)
        if "max" not in pools or is_half(x):
            return WITHOUT_XLA.pooled(x, axes, pools, under)
        return _pooled(x if under is None else x * under, tuple(axes), tuple(pools))

    def times(self, x: Tensor, *gates: Tensor) -> Tensor:
        """By XLA or without."""
        if self.is_compiling():
            return super().times(x, *gates)
        return WITHOUT_XLA.times(x, *gates)

    def plus(self, first: Tensor, second: Tensor) -> Tensor:
        """Its gradients are the sums of `matrix_sums`."""

        @ops.custom_gradient
        def total(first: Tensor, second: Tensor) -> tuple[Tensor, Callable]:
            def gradient(upstream: Tensor) -> tuple[Tensor, Tensor]:
                return sum_to(first, upstream), sum_to(second, upstream)

            return first + second, gradient

        return total(first, second)


def _pooled(x: Tensor, axes: tuple[int, ...], pools: tuple[str, ...]) -> list[Tensor]:
    """Statistics without XLA, where every pass over a map costs its memory traffic.

    TensorFlow divides the places of the maxima by their number, and copies the gradient of a mean
    to the size of the map; here both are computed before they are broadcast.
    """

    @ops.custom_gradient
    def statistics(x: Tensor) -> tuple[tuple[Tensor, ...], Callable]:
        values = WITHOUT_XLA.pooled(x, axes, pools)

        def gradient(*upstreams: Tensor) -> Tensor:
            by_pool = dict(zip(pools, upstreams, strict=True))
            places = ops.cast(ops.equal(x, values[pools.index("max")]), x.dtype)
            total = places * (by_pool["max"] / ops.sum(places, axis=axes, keepdims=True))
            if "mean" in pools:
                total = total + by_pool["mean"] / number_along(x, axes)
            return total

        return tuple(values), gradient

    return list(statistics(x))
