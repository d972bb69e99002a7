"""Efficient multi-scale attention: two views of a group of channels, each weighing the other."""

from __future__ import annotations

from typing import Any, ClassVar

from keras import ops
from keras.saving import register_keras_serializable

from keras_attn.checks import check_whole_number
from keras_attn.gates import Gate
from keras_attn.gates.checks import check_divisor
from keras_attn.gates.parts import convolution, dense, group_normalization, size
from keras_attn.kernels import Tensor, mean, softmax, times
from keras_attn.layers.base import AttentionLayer


@register_keras_serializable(package="keras_attn")
class EMA(AttentionLayer):
    """Efficient multi-scale attention (EMA): weighs positions, group of channels by group.

        y = x · σ(softmax(mean x₁) · x₂ + softmax(mean x₂) · x₁)
        x₁ = GN(x · σ(D mean over the width x) · σ(D mean over the height x)),   x₂ = K x

    Here x is one of the groups of g = C / groups contiguous channels; all groups share the
    weights. D is dense, K a zero-padded 3x3 convolution, both g to g channels and with biases; GN
    normalises every channel over the positions (epsilon 1e-5). The softmaxes run over the g
    channels and the products sum over them, so that a group has one mask.

    Trainable parameters: 10g² + 4g.

    Fidelity:
        The authors' code is followed, with its default of 32 groups. Two things hold there as
        here: the mean of x₁ is the shift of GN, so the first softmax is the same for all maps
        (and is computed from the shift here); with as many groups as channels both are 1.

    Args:
        groups: In how many groups the channels are split; a divisor of C.
        **kwargs: `data_format`, and the arguments of `keras.layers.Layer`.

    Call arguments:
        x: The feature map: (B, H, W, C), or (B, C, H, W) in channels_first.

    Output shape: that of x.

    Raises:
        ValueError: If `groups` is not a positive integer; at build, if the channels are no
            multiple of `groups` or undefined, or if there are not two spatial axes.

    Source: arXiv:2305.13563.

    Example:
        >>> import numpy as np
        >>> from keras_attn.layers import EMA
        >>> layer = EMA(groups=8)
        >>> tuple(layer(np.ones((2, 8, 8, 32), "float32")).shape)
        (2, 8, 8, 32)
    """

    spatial_ranks: ClassVar = (2,)
    torch_names: ClassVar = {
        "position.strip": "conv1x1",
        "position.normalization": "gn",
        "position.convolution": "conv3x3",
    }

    def __init__(self, groups: int = 32, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.groups = groups
        self.position = self.add_gate(CrossSpatialGate, groups=groups, dtype=self.dtype_policy)

    def compute_gates(self, x: Tensor) -> dict[str, Tensor]:
        """The gate of every value of x."""
        return {"position": self.position(x)}

    def attend(self, x: Tensor, position: Tensor) -> Tensor:
        """The map under its gate."""
        return times(x, position)

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        return {**super().get_config(), "groups": self.groups}


class CrossSpatialGate(Gate):
    """sigmoid(softmax(mean x1) x2 + softmax(mean x2) x1) of every group, for all its channels.

    Args:
        groups: Groups of contiguous channels.
        **kwargs: Arguments of `Gate`.

    Output: the shape of x.
    """

    def __init__(self, groups: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.groups = check_whole_number("groups", groups, least=1)

    def build(self, input_shape: tuple[int | None, ...]) -> None:
        """Makes the weights that all groups share."""
        super().build(input_shape)
        self.group_size = n = check_divisor("groups", self.groups, self.channels)
        self.strip = dense(n, n, dtype=self.variable_dtype, name="strip")
        self.normalization = group_normalization(n, n, axes=2, dtype=self.dtype_policy)
        self.convolution = convolution(n, (3, 3), n, dtype=self.dtype_policy)

    def call(self, x: Tensor) -> Tensor:
        """The gate of map x."""
        maps = self._groups_as_batch(x)
        rows, columns = (
            ops.cast(ops.sigmoid(self.strip(mean(maps, (axis,)))), x.dtype) for axis in (2, 1)
        )
        gated = maps * ops.expand_dims(rows, 2) * ops.expand_dims(columns, 1)
        first, second = self.normalization(gated), self.convolution(maps)
        # The mean of what is normalised over the positions is the normalisation's shift.
        of_first, of_second = (
            ops.cast(softmax(means), x.dtype)
            for means in (self.normalization.beta, mean(second, (1, 2)))
        )
        logits = ops.einsum("nhwc,c->nhw", second, of_first)
        logits += ops.einsum("nhwc,nc->nhw", first, of_second)
        _, height, width = ops.shape(logits)
        masks = ops.reshape(ops.sigmoid(logits), (-1, self.groups, height, width))
        masks = ops.moveaxis(masks, 1, self.channel_axis)
        return ops.cast(ops.repeat(masks, self.group_size, axis=self.channel_axis), x.dtype)

    def macs(self, input_shape: tuple[int, ...]) -> int:
        """The dense layer for every row and column, the rest at every position."""
        strips = sum(input_shape[axis] for axis in self.spatial_axes)
        at_positions = size(self.convolution.kernel) + 2 * self.group_size
        one_group = size(self.strip.kernel) * strips + at_positions * self.positions(input_shape)
        return one_group * self.groups

    def _groups_as_batch(self, x: Tensor) -> Tensor:
        maps = self.channels_last(x)
        batch, height, width, _ = ops.shape(maps)
        maps = ops.reshape(maps, (batch, height, width, self.groups, self.group_size))
        maps = ops.moveaxis(maps, 3, 1)
        return ops.reshape(maps, (-1, height, width, self.group_size))
