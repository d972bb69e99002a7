"""The spatial gate: which positions matter, one number a position."""

from __future__ import annotations

import math
from typing import Any, ClassVar

import keras
from keras import ops

from keras_attn.gates.checks import check_kernel_size
from keras_attn.gates.correlation import correlate
from keras_attn.gates.gate import Gate
from keras_attn.gates.parts import batch_normalization, published_initializer, size
from keras_attn.gates.statistics import Tensor, check_pools, pool_over


class SpatialGate(Gate):
    """s(x) = sigmoid(K [pools over the channels]), K one kernel a pooled map.

    Args:
        kernel_size: Odd side of the kernel, the same on every spatial axis.
        pools: Which statistics over the channels are fed to it, in the order of K's kernels.
        **kwargs: Arguments of `Gate`.

    Output: (B, H, W, 1), or (B, 1, H, W) in channels_first.
    """

    torch_names: ClassVar = {"kernel": "conv.weight"}

    def __init__(
        self, kernel_size: int = 7, pools: tuple[str, ...] = ("mean", "max"), **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        self.kernel_size = check_kernel_size(kernel_size)
        self.pools = check_pools(pools)

    def build(self, input_shape: tuple[int | None, ...]) -> None:
        """Makes the kernels, in the shape in which they are published."""
        super().build(input_shape)
        shape = (1, len(self.pools), *(self.kernel_size for _ in self.spatial_axes))
        self.kernel = self.add_weight(
            shape=shape, initializer=published_initializer(math.prod(shape)), name="kernel"
        )

    def pooled(self, x: Tensor) -> Tensor:
        """The maps that the kernels are applied to, (B, *positions, number of pools)."""
        maps = [pool_over(x, self.channel_axis, pool) for pool in self.pools]
        return ops.stack(maps, axis=-1)

    def logits(self, x: Tensor) -> Tensor:
        """The mask before the sigmoid, (B, *positions)."""
        return correlate(self.pooled(x), self.kernel)

    def call(self, x: Tensor) -> Tensor:
        """The gate of map x."""
        return self.as_spatial_map(ops.sigmoid(self.logits(x)), like=x)

    def macs(self, input_shape: tuple[int, ...]) -> int:
        """The kernel at every position."""
        return size(self.kernel) * self.positions(input_shape)


class NormalizedSpatialGate(SpatialGate):
    """s(x) = sigmoid(BN(K [pools over the channels])): normalised over batch and positions.

    Args:
        kernel_size: Odd side of the kernel, the same on every spatial axis.
        pools: Which statistics over the channels are fed to it, in the order of K's kernels.
        initial_scale: Where the normalisation's scale starts; with 0 all masks start at 0.5.
        **kwargs: Arguments of `Gate`.

    Output: (B, H, W, 1), or (B, 1, H, W) in channels_first.
    """

    torch_names: ClassVar = {"kernel": "conv.weight", "normalization": "bn"}

    def __init__(
        self,
        kernel_size: int = 7,
        pools: tuple[str, ...] = ("max", "mean"),
        initial_scale: float = 1.0,
        **kwargs: Any,
    ) -> None:
        super().__init__(kernel_size, pools, **kwargs)
        self.initial_scale = initial_scale

    def build(self, input_shape: tuple[int | None, ...]) -> None:
        """Makes the kernels and the normalisation."""
        super().build(input_shape)
        self.normalization = batch_normalization(
            channels=1,
            axes=len(self.spatial_axes),
            momentum=0.99,
            gamma_initializer=keras.initializers.Constant(self.initial_scale),
            dtype=self.dtype_policy,
            name="normalization",
        )

    def logits(self, x: Tensor) -> Tensor:
        """The mask before the sigmoid, (B, *positions)."""
        return ops.squeeze(self.normalization(ops.expand_dims(super().logits(x), -1)), -1)
