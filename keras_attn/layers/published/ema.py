"""Efficient multi-scale attention: two views of a group of channels, each weighing the other."""

from __future__ import annotations

from typing import Any, ClassVar

from keras import ops
from keras.saving import register_keras_serializable

from keras_attn.checks import check_whole_number
from keras_attn.gates import Gate
from keras_attn.gates.checks import check_divisor
from keras_attn.gates.direct_call import called
from keras_attn.gates.parts import convolution, dense, group_normalization, size
from keras_attn.kernels import (
    Tensor,
    accumulation_dtype,
    depthwise,
    mean,
    normalized,
    softmax,
)
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
        return self.times(x, position)

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        return {**super().get_config(), "groups": self.groups}


class CrossSpatialGate(Gate):
    """sigmoid(softmax(mean x1) x2 + softmax(mean x2) x1) of every group, for all its channels.

    Only sums over the channels of a group and over the positions are left of x2 = K x, so that it
    is not computed: the kernel is summed under the softmax first, and the mean is a sum over the
    taps. What remains reads whole maps, and no group of a few channels is cut out.

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
        masks = ops.cast(ops.sigmoid(self.logits(self.channels_last(x))), x.dtype)
        return self.restored(ops.repeat(masks, self.group_size, axis=-1), like=x)

    def logits(self, x: Tensor) -> Tensor:
        """(B, H, W, C) -> (B, H, W, groups), in float32 or wider."""
        dtype = accumulation_dtype(x.dtype)
        kernel, bias, scale, offset = (
            ops.cast(each, dtype)
            for each in (
                self.convolution.kernel,
                self.convolution.bias,
                self.normalization.gamma,
                self.normalization.beta,
            )
        )
        rows, columns = (self.strip_gate(x, axis) for axis in (2, 1))
        # The mean of what is normalised over the positions is the normalisation's shift.
        of_first = softmax(offset)
        of_second = softmax(self.mean_of_convolution(x, kernel) + bias)
        unit = normalized(x * rows * columns, (1, 2))
        first = unit * self.whole(of_second * scale, axes=(1, 2))
        taps = ops.tile(ops.matmul(kernel, ops.expand_dims(of_first, -1)), (1, 1, self.groups, 1))
        second = ops.cast(depthwise(x, taps), dtype)
        shift = ops.matmul(of_second, offset) + ops.sum(of_first * bias)
        return self.sum_of_groups(first + second) + ops.expand_dims(shift, (1, 2))

    def strip_gate(self, x: Tensor, axis: int) -> Tensor:
        """sigmoid(D mean x), with a length of one on the axis of the mean."""
        means = self.grouped(mean(x, (axis,)))
        return ops.cast(self.whole(ops.sigmoid(called(self.strip, means)), axes=(axis,)), x.dtype)

    def mean_of_convolution(self, x: Tensor, kernel: Tensor) -> Tensor:
        """(B, groups, n): the mean over the positions of the convolution, without its bias."""
        _, height, width, _ = ops.shape(x)
        sums = [
            self.grouped(of_both)
            for of_rows in _shifted_sums(x)
            for of_both in _shifted_sums(of_rows)
        ]
        taps = ops.reshape(kernel, (-1, self.group_size))
        return ops.matmul(ops.concatenate(sums, -1), taps) / ops.cast(height * width, kernel.dtype)

    def grouped(self, features: Tensor) -> Tensor:
        """(B, ..., C) -> (B, ..., groups, n)."""
        return ops.reshape(features, (*ops.shape(features)[:-1], self.groups, self.group_size))

    def whole(self, features: Tensor, axes: tuple[int, ...]) -> Tensor:
        """(B, ..., groups, n) -> (B, ..., C), with new axes of length one."""
        flat = ops.reshape(features, (*ops.shape(features)[:-2], self.channels))
        return ops.expand_dims(flat, axes)

    def sum_of_groups(self, features: Tensor) -> Tensor:
        """(B, H, W, C) -> (B, H, W, groups): the sum over the channels of each group.

        By a matrix product: XLA would sum a few channels in one loop with what they are made of,
        and compute that again for each of them.
        """
        group_of_channel = ops.expand_dims(ops.arange(self.channels) // self.group_size, 1)
        table = group_of_channel == ops.arange(self.groups)
        return ops.matmul(features, ops.cast(table, features.dtype))

    def macs(self, input_shape: tuple[int, ...]) -> int:
        """The dense layer for every row and column, the rest at every position."""
        strips = sum(input_shape[axis] for axis in self.spatial_axes)
        at_positions = size(self.convolution.kernel) + 2 * self.group_size
        one_group = size(self.strip.kernel) * strips + at_positions * self.positions(input_shape)
        return one_group * self.groups


def _shifted_sums(x: Tensor) -> list[Tensor]:
    """The sums over axis 1 of x shifted by one place forward, by none, and by one back.

    What is shifted out is lost, and zeros come in.
    """
    x = ops.cast(x, accumulation_dtype(x.dtype))
    total = ops.sum(x, axis=1)
    return [total - x[:, -1], total, total - x[:, 0]]
