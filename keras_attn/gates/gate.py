"""What gates share: the axes of the map, full precision inside, the map's dtype outside."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, ClassVar

import keras
from keras import ops

from keras_attn import kernels
from keras_attn.gates.pooling import pooled_at
from keras_attn.kernels import Tensor


class Gate(keras.layers.Layer):
    """A layer that reads a feature map and returns numbers that broadcast against it.

    A gate computes in its variables' dtype (float32 under a mixed policy) whatever the dtype
    of the map, and returns its result in the dtype of the map. It is made by
    `AttentionLayer.add_gate`, which passes the data format and the dtype on.

    Args:
        data_format: `"channels_last"` or `"channels_first"`.
        **kwargs: Arguments of `keras.layers.Layer`.
    """

    #: Attribute of the gate -> name of that part in the published PyTorch module.
    torch_names: ClassVar[dict[str, str]] = {}

    #: Whether the gate leaves out the positions that `position_mask` marks as padding.
    takes_mask: ClassVar[bool] = False

    def __init__(self, data_format: str, **kwargs: Any) -> None:
        # The map must reach the gate in its own dtype: casting all of it costs a full pass.
        super().__init__(autocast=False, **kwargs)
        self.supports_masking = True
        self.data_format = data_format
        #: (B, *positions), False where a position is padding; the layer sets it for a call.
        self.position_mask: Tensor | None = None

    def build(self, input_shape: tuple[int | None, ...]) -> None:
        """Reads the axes and the channel count off the shape of the map."""
        self.rank = len(input_shape)
        self.channel_axis = self.rank - 1 if self.data_format == "channels_last" else 1
        self.spatial_axes = tuple(a for a in range(1, self.rank) if a != self.channel_axis)
        self.channels = int(input_shape[self.channel_axis] or 0)

    def compute_mask(self, inputs: Tensor, previous_mask: Tensor | None) -> None:
        """None: a gate has no positions of its own to mask."""

    def macs(self, input_shape: tuple[int, ...]) -> int:
        """Multiply-accumulates of its convolutions, dense layers and matrix products, per sample.

        They are those of the published formula, however a backend computes it.

        Args:
            input_shape: Shape of the map; all but the batch must be known.
        """
        raise NotImplementedError(f"{type(self).__name__} must define `macs`.")

    def positions(self, input_shape: tuple[int, ...]) -> int:
        """How many positions a map of that shape has."""
        return math.prod(input_shape[axis] for axis in self.spatial_axes)

    def pooled_over_positions(
        self, x: Tensor, pools: Sequence[str], under: Tensor | None = None
    ) -> list[Tensor]:
        """The statistics over the positions, which are kept at length one; see `kernels.pooled`."""
        if self.position_mask is None:
            return kernels.pooled(x, self.spatial_axes, pools, under)
        mask = ops.expand_dims(self.position_mask, self.channel_axis)
        return pooled_at(mask, x, self.spatial_axes, pools, under)

    def pooled_over_channels(
        self, x: Tensor, pools: Sequence[str], under: Tensor | None = None
    ) -> list[Tensor]:
        """The statistics over the channels, which are kept at length one; see `kernels.pooled`.

        They are zero where a position is padding, as a convolution sees them beyond the border.
        """
        statistics = kernels.pooled(x, (self.channel_axis,), pools, under)
        if self.position_mask is None:
            return statistics
        mask = ops.expand_dims(self.position_mask, self.channel_axis)
        return [ops.where(mask, each, 0) for each in statistics]

    def mean_vector(self, x: Tensor) -> Tensor:
        """(B, C): the mean over the positions."""
        return self.vector(self.pooled_over_positions(x, ["mean"])[0])

    def vector(self, pooled: Tensor) -> Tensor:
        """(B, C) of a statistic over the positions."""
        return ops.squeeze(pooled, self.spatial_axes)

    def as_channel_map(self, vector: Tensor, like: Tensor) -> Tensor:
        """(B, n) -> a map with one position and n channels, in the dtype of `like`."""
        return ops.cast(ops.expand_dims(vector, self.spatial_axes), like.dtype)

    def as_spatial_map(self, image: Tensor, like: Tensor) -> Tensor:
        """(B, *positions) -> a map with one channel, in the dtype of `like`."""
        return ops.cast(ops.expand_dims(image, self.channel_axis), like.dtype)

    def channels_last(self, x: Tensor) -> Tensor:
        """(B, *positions, C) of map x, whatever its data format."""
        return ops.moveaxis(x, self.channel_axis, -1)

    def restored(self, features: Tensor, like: Tensor) -> Tensor:
        """(B, *positions, n) -> a map in the data format and the dtype of `like`."""
        return ops.cast(ops.moveaxis(features, -1, self.channel_axis), like.dtype)


class PooledGate(Gate):
    """A gate that reads nothing but pooled statistics of a map.

    Where several gates read the same map, or one map under different gates (see
    `pooling.scaled`), its statistics are pooled once and passed to each.
    """

    takes_mask: ClassVar[bool] = True

    def call(self, x: Tensor, under: Tensor | None = None) -> Tensor:
        """The gate of map x, or of x * under, where `under` is a gate of the other kind."""
        return self.from_pooled(self.pooled(x, under), like=x)

    def pooled(self, x: Tensor, under: Tensor | None = None) -> list[Tensor]:
        """The statistics that the gate reads, with the pooled axes kept at length one."""
        raise NotImplementedError(f"{type(self).__name__} must define `pooled`.")

    def from_pooled(self, pooled: Sequence[Tensor], like: Tensor) -> Tensor:
        """The gate of a map with these statistics, in the dtype of `like`."""
        raise NotImplementedError(f"{type(self).__name__} must define `from_pooled`.")
