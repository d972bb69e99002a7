"""The spatial gate: which positions matter, one number per position."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, ClassVar

import keras
from keras import ops

from keras_attn import kernels
from keras_attn.gates.checks import check_kernel_size
from keras_attn.gates.gate import PooledGate, Under
from keras_attn.gates.parts import batch_normalization, published_initializer, size
from keras_attn.gates.pooling import check_pools
from keras_attn.kernels import Tensor


class SpatialGate(PooledGate):
    """s(x) = sigmoid(K [pools over the channels]), with one kernel in K per pooled map.

    Args:
        kernel_size: Odd side of the kernel, the same on every spatial axis.
        pools: Which statistics over the channels it reads, in the order of K's kernels.
        **kwargs: Arguments of `Gate`.

    Output: (B, H, W, 1), or (B, 1, H, W) in channels_first.
    """

    returns: ClassVar = "per position"
    torch_names: ClassVar = {"kernel": "conv.weight"}

    def __init__(
        self, kernel_size: int = 7, pools: tuple[str, ...] = ("mean", "max"), **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        self.kernel_size = check_kernel_size(kernel_size)
        self.pools = check_pools(pools)

    def build(self, input_shape: tuple[int | None, ...]) -> None:
        """Makes the kernels, in their published shape."""
        super().build(input_shape)
        shape = (1, len(self.pools), *(self.kernel_size for _ in self.spatial_axes))
        self.kernel = self.add_weight(
            shape=shape, initializer=published_initializer(math.prod(shape)), name="kernel"
        )

    def pooled(self, x: Tensor, under: Under = ()) -> list[Tensor]:
        """The statistics over the channels, each in the shape of the gate."""
        return self.pooled_over_channels(x, self.pools, under)

    def from_pooled(self, pooled: Sequence[Tensor], like: Tensor) -> Tensor:
        """The gate of a map with these statistics, in the dtype of `like`."""
        maps = [ops.squeeze(each, self.channel_axis) for each in pooled]
        return self.as_spatial_map(ops.sigmoid(self.logits(maps)), like)

    def logits(self, maps: Sequence[Tensor]) -> Tensor:
        """The mask before the sigmoid, from one map per pool; (B, *positions) each."""
        return kernels.correlate(ops.stack(maps, axis=-1), self.kernel)

    def macs(self, input_shape: tuple[int, ...]) -> int:
        """The kernel at every position."""
        return size(self.kernel) * self.positions(input_shape)


class NormalizedSpatialGate(SpatialGate):
    """s(x) = sigmoid(BN(K [pools over the channels])): normalised over batch and positions.

    Args:
        kernel_size: Odd side of the kernel, the same on every spatial axis.
        pools: Which statistics over the channels it reads, in the order of K's kernels.
        initial_scale: Initial scale of the normalisation; with 0 all masks start at 0.5.
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

    def logits(self, maps: Sequence[Tensor]) -> Tensor:
        """The mask before the sigmoid, from one map per pool; (B, *positions) each."""
        logits = ops.expand_dims(super().logits(maps), -1)
        return ops.squeeze(self.normalization(logits, mask=self.position_mask), -1)
