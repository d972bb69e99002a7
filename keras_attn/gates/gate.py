"""What gates share: the axes of the map, full precision inside, the map's dtype outside."""

from __future__ import annotations

import functools
import math
import operator
from collections.abc import Sequence
from typing import Any, ClassVar

import keras
from keras import ops

from keras_attn import kernels
from keras_attn.gates.direct_call import DirectlyCalled
from keras_attn.gates.pooling import pooled_at, scaled
from keras_attn.gates.reading import Reading
from keras_attn.kernels import Tensor, accumulation_dtype

#: One gate, or several that multiply each other.
Under = Tensor | Sequence[Tensor]


class Gate(DirectlyCalled):
    """A layer that reads a feature map and returns numbers that broadcast against it.

    A subclass computes its numbers in `from_map`. It is called as `gate(x)`, or as
    `gate(x, under=other)` for the map x * other, where `other` is a gate or a tuple of gates, whose
    numbers must not be negative.

    A gate computes in its variables' dtype (float32 under a mixed policy) whatever the dtype
    of the map, and returns its result in the dtype of the map. It is made by
    `AttentionLayer.add_gate`, which passes the data format and the dtype on.

    Args:
        data_format: `"channels_last"` or `"channels_first"`; Keras's own setting if None.
        **kwargs: Arguments of `keras.layers.Layer`.
    """

    #: Attribute of the gate -> name of that part in the published PyTorch module.
    torch_names: ClassVar[dict[str, str]] = {}

    #: How many spatial axes the gate is defined for.
    spatial_ranks: ClassVar[tuple[int, ...]] = (1, 2, 3)

    #: What the gate returns: one number per channel, per position, or per element of the map.
    returns: ClassVar[str] = "per element"

    #: Whether the gate leaves out the positions that `position_mask` marks as padding.
    takes_mask: ClassVar[bool] = False

    #: What it computes in: the dtype of the `"variables"`; the `"policy"` of the layer, for a gate
    #: that convolves the full-size map; or a `"wide range"`, where nothing bounds these values.
    computes_in: ClassVar[str] = "variables"

    def __init__(self, data_format: str | None = None, **kwargs: Any) -> None:
        # The map must reach the gate in its own dtype: casting all of it costs a full pass.
        super().__init__(autocast=False, **kwargs)
        self.supports_masking = True
        self.data_format = data_format or keras.config.image_data_format()
        #: Shared with the layer and its other gates.
        self.reading = Reading()

    def build(self, input_shape: tuple[int | None, ...]) -> None:
        """Reads the axes and the channel count off the shape of the map."""
        self.rank = len(input_shape)
        self.channel_axis = self.rank - 1 if self.data_format == "channels_last" else 1
        self.spatial_axes = tuple(a for a in range(1, self.rank) if a != self.channel_axis)
        self.channels = int(input_shape[self.channel_axis] or 0)

    def call(self, x: Tensor, under: Under = ()) -> Tensor:
        """The gate of map x, or of x times the gates it is under."""
        if not _as_tuple(under):
            return self.from_map(x)
        return ops.cast(self.from_map(self.product(x, under)), x.dtype)

    def from_map(self, x: Tensor) -> Tensor:
        """The gate of map x, in its dtype."""
        raise NotImplementedError(f"{type(self).__name__} must define `from_map`.")

    def product(self, x: Tensor, under: Under) -> Tensor:
        """The map x times the gates it is under, in the dtype that the gate computes in."""
        return _product([x, *_as_tuple(under)], self.compute_dtype)

    def is_prepared(self, x: Tensor) -> bool:
        """Only within the call of a layer; a gate may also be called by itself."""
        return self.reading.is_of_call and super().is_prepared(x)

    @property
    def position_mask(self) -> Tensor | None:
        """(B, *positions), False where a position of the map is padding."""
        return self.reading.mask

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
        self, x: Tensor, pools: Sequence[str], under: Under = ()
    ) -> list[Tensor]:
        """The statistics over the positions, which are kept at length one."""
        return self.pooled_over(self.spatial_axes, x, pools, under)

    def pooled_over_channels(
        self, x: Tensor, pools: Sequence[str], under: Under = ()
    ) -> list[Tensor]:
        """The statistics over the channels, which are kept at length one.

        They are zero where a position is padding, as a convolution sees them beyond the border.
        """
        statistics = self.pooled_over((self.channel_axis,), x, pools, under)
        if self.position_mask is None:
            return statistics
        mask = ops.expand_dims(self.position_mask, self.channel_axis)
        return [ops.where(mask, each, 0) for each in statistics]

    def pooled_over(
        self, axes: tuple[int, ...], x: Tensor, pools: Sequence[str], under: Under
    ) -> list[Tensor]:
        """The statistics over `axes` of x times the gates it is under.

        A gate that is constant along the pooled axes multiplies the statistics, so that the map is
        pooled without it.
        """
        gates = _as_tuple(under)
        outside = [gate for gate in gates if _is_constant(gate, axes)]
        inside = [gate for gate in gates if not _is_constant(gate, axes)]
        others = [axis for axis in range(1, self.rank) if axis not in axes]
        if len(inside) > 1 or not all(_is_constant(gate, others) for gate in inside):
            x, inside = _product([x, *inside], accumulation_dtype(x.dtype)), []
        gate = inside[0] if inside else None
        if gate is not None and kernels.shares_product(x, gate, pools):
            x, gate = self.reading.product(x, gate), None
        statistics = self.reading.pooled(
            x, axes, pools, gate, lambda names: self._pool(axes, x, names, gate)
        )
        return scaled(statistics, _product(outside)) if outside else statistics

    def _pool(
        self, axes: tuple[int, ...], x: Tensor, pools: Sequence[str], under: Tensor | None
    ) -> list[Tensor]:
        if self.position_mask is None or axes == (self.channel_axis,):
            return kernels.pooled(x, axes, pools, under)
        mask = ops.expand_dims(self.position_mask, self.channel_axis)
        return pooled_at(mask, x, axes, pools, under)

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
    """A gate that reads only pooled statistics of a map."""

    takes_mask: ClassVar[bool] = True

    def call(self, x: Tensor, under: Under = ()) -> Tensor:
        """The gate of map x, or of x times the gates it is under."""
        return self.from_pooled(self.pooled(x, under), like=x)

    def pooled(self, x: Tensor, under: Under = ()) -> list[Tensor]:
        """The statistics that the gate reads, with the pooled axes kept at length one."""
        raise NotImplementedError(f"{type(self).__name__} must define `pooled`.")

    def from_pooled(self, pooled: Sequence[Tensor], like: Tensor) -> Tensor:
        """The gate of a map with these statistics, in the dtype of `like`."""
        raise NotImplementedError(f"{type(self).__name__} must define `from_pooled`.")


def _as_tuple(under: Under) -> tuple[Tensor, ...]:
    return tuple(under) if isinstance(under, (list, tuple)) else (under,)


def _is_constant(gate: Tensor, axes: Sequence[int]) -> bool:
    return all(gate.shape[axis] == 1 for axis in axes)


def _product(factors: Sequence[Tensor], dtype: str | None = None) -> Tensor:
    """The product of maps or gates, computed in `dtype` if it is given."""
    if dtype is not None:
        factors = [ops.cast(each, dtype) for each in factors]
    return functools.reduce(operator.mul, factors)
