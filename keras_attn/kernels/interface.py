"""What every backend computes, in Keras's own operations."""

from __future__ import annotations

import functools
import operator
from collections.abc import Callable, Sequence
from typing import Any

import keras
from keras import ops

from keras_attn.kernels.normalize import Normalized, normalized
from keras_attn.kernels.simam_energy import energy
from keras_attn.kernels.tensor import Tensor, accumulation_dtype


class Kernels:
    """The kernels of a backend; `keras_attn.kernels` documents each function.

    These definitions hold on every backend and under every transformation that the backend has. A
    subclass overrides what its backend computes faster in another way.
    """

    def normalizes_batches(self) -> bool:
        """Whether `normalized` is faster or more exact than Keras's own moments of a batch."""
        return False

    def normalized(
        self, x: Tensor, axes: Sequence[int], weights: Tensor | None = None, **options: Any
    ) -> Normalized:
        """Operation by operation."""
        return normalized(x, axes, weights, **options)

    def energy(
        self, x: Tensor, axes: Sequence[int], weights: Tensor | None, regularization: float
    ) -> Tensor:
        """Operation by operation."""
        return energy(x, axes, weights, regularization)

    def shares_product(self, x: Tensor, gate: Tensor, pools: Sequence[str]) -> bool:
        """Where it is as exact as the statistics, which are accumulated in float32 or wider."""
        dtype = keras.backend.standardize_dtype(x.dtype)
        return dtype == accumulation_dtype(x.dtype) == keras.backend.standardize_dtype(gate.dtype)

    def mean(self, x: Tensor, axes: Sequence[int], under: Tensor | None = None) -> Tensor:
        """Accumulated and returned in float32 or wider."""
        x = ops.cast(x, accumulation_dtype(x.dtype))
        return ops.mean(x if under is None else x * under, axis=tuple(axes))

    def maximum(self, x: Tensor, axes: Sequence[int], under: Tensor | None = None) -> Tensor:
        """Returned in float32 or wider."""
        largest = ops.max(x if under is None else x * under, axis=tuple(axes))
        return ops.cast(largest, accumulation_dtype(x.dtype))

    def pooled(
        self, x: Tensor, axes: Sequence[int], pools: Sequence[str], under: Tensor | None = None
    ) -> list[Tensor]:
        """All of them read one product of map and gate."""
        product = x if under is None else x * under
        return [ops.expand_dims(self.pool(name)(product, axes), axes) for name in pools]

    def pool(self, name: str) -> Callable[..., Tensor]:
        """The statistic of that name."""
        return {"mean": self.mean, "max": self.maximum}[name]

    def weighted_sum(self, x: Tensor, weights: Tensor, axes: Sequence[int]) -> Tensor:
        """The sum of their product."""
        return ops.sum(x * weights, axis=tuple(axes), keepdims=True)

    def times(self, x: Tensor, *gates: Tensor) -> Tensor:
        """One product after the other."""
        return functools.reduce(operator.mul, gates, x)

    def plus(self, first: Tensor, second: Tensor) -> Tensor:
        """Their sum."""
        return first + second

    def correlate(self, maps: Tensor, kernels: Tensor) -> Tensor:
        """The backend's own convolution."""
        kernels = ops.moveaxis(ops.cast(kernels, maps.dtype), (0, 1), (-1, -2))
        result = ops.conv(maps, kernels, strides=1, padding="same", data_format="channels_last")
        return ops.squeeze(result, axis=-1)

    def convolve(self, x: Tensor, kernel: Tensor) -> Tensor:
        """The backend's own convolution."""
        kernel = ops.cast(kernel, x.dtype)
        return ops.conv(x, kernel, padding="same", data_format="channels_last")

    def depthwise(self, x: Tensor, kernel: Tensor) -> Tensor:
        """The backend's own convolution."""
        kernel = ops.cast(kernel, x.dtype)
        return ops.depthwise_conv(x, kernel, padding="same", data_format="channels_last")
