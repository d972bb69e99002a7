"""Coordinate attention: channel attention that keeps where things are."""

from __future__ import annotations

from typing import Any, ClassVar

from keras import ops
from keras.saving import register_keras_serializable

from keras_attn.gates.bottleneck import check_reduction, hidden_channels
from keras_attn.gates.parts import batch_normalization, dense, size
from keras_attn.gates.strips import StripGate
from keras_attn.kernels import Tensor, times
from keras_attn.layers.base import AttentionLayer


@register_keras_serializable(package="keras_attn")
class CoordinateAttention(AttentionLayer):
    """Coordinate attention: weighs the channels of every row and of every column.

        y = x · h(x) · w(x)
        h(x) = σ(D_h z_h),   w(x) = σ(D_w z_w)
        [z_h; z_w] = hard_swish(BN(D₁ [mean over the width x; mean over the height x]))

    The H row means and W column means are one sequence for D₁ and BN, and are then parted again.
    D₁, D_h and D_w are dense, with biases, around m = max(8, floor(C / reduction)) units;
    hard_swish(q) = q · min(max(q + 3, 0), 6) / 6.

    Trainable parameters: 3Cm + 3m + 2C.

    Fidelity:
        The authors' code is followed: a floor of 8 under the units, hard-swish, biases in all
        dense layers. timm's module of a similar name (CoordAttn) has no biases and other widths.
        Keras keeps the biased running variance, PyTorch the unbiased one.

    Args:
        reduction: Ratio of the channels to the units of the bottleneck, at least 1.
        **kwargs: `data_format`, and the arguments of `keras.layers.Layer`.

    Call arguments:
        x: The feature map: (B, H, W, C), or (B, C, H, W) in channels_first.

    Output shape: that of x.

    Raises:
        ValueError: If `reduction` is below 1; at build, if the channels are undefined or there
            are not two spatial axes.

    Source: arXiv:2103.02907.

    Example:
        >>> import numpy as np
        >>> from keras_attn.layers import CoordinateAttention
        >>> layer = CoordinateAttention()
        >>> tuple(layer(np.ones((2, 8, 8, 32), "float32")).shape)
        (2, 8, 8, 32)
    """

    spatial_ranks: ClassVar = (2,)
    torch_names: ClassVar = {
        "coordinate.squeeze": "conv1",
        "coordinate.normalization": "bn1",
        "coordinate.height": "conv_h",
        "coordinate.width": "conv_w",
    }

    def __init__(self, reduction: float = 32, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.reduction = reduction
        self.coordinate = self.add_gate(CoordinateGate, reduction=reduction)

    def compute_gates(self, x: Tensor) -> dict[str, Tensor]:
        """The gates of the rows and of the columns of x."""
        height, width = self.coordinate(x)
        return {"height": height, "width": width}

    def attend(self, x: Tensor, height: Tensor, width: Tensor) -> Tensor:
        """The map under the product of both gates."""
        return times(x, height * width)

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        return {**super().get_config(), "reduction": self.reduction}


class CoordinateGate(StripGate):
    """sigmoid(height(z_h)), sigmoid(width(z_w)); z = hard_swish(BN(squeeze(both strips))).

    Args:
        reduction: The bottleneck has max(8, floor(C / reduction)) units.
        **kwargs: Arguments of `Gate`.

    Output: (B, H, 1, C) and (B, 1, W, C), or (B, C, H, 1) and (B, C, 1, W) in channels_first.
    """

    def __init__(self, reduction: float, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.reduction = check_reduction(reduction)

    def build(self, input_shape: tuple[int | None, ...]) -> None:
        """Makes the bottleneck and its normalisation."""
        super().build(input_shape)
        hidden = hidden_channels(self.channels, self.reduction)
        shared = {"dtype": self.dtype_policy}
        self.squeeze = dense(hidden, self.channels, name="squeeze", **shared)
        self.normalization = batch_normalization(hidden, axes=1, name="normalization", **shared)
        self.height = dense(self.channels, hidden, name="height", **shared)
        self.width = dense(self.channels, hidden, name="width", **shared)

    def call(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """The gates of the rows and of the columns of map x."""
        rows, columns = self.strips(x)
        # The normalisation takes its statistics over rows and columns together.
        joint = self.squeeze(ops.concatenate([rows, columns], axis=1))
        joint = ops.hard_silu(self.normalization(joint))
        number = ops.shape(rows)[1]
        height, width = self.height(joint[:, :number]), self.width(joint[:, number:])
        return self.as_strip_maps(ops.sigmoid(height), ops.sigmoid(width), like=x)

    def macs(self, input_shape: tuple[int, ...]) -> int:
        """The first layer for every row and column, and one of the others for each."""
        return (size(self.squeeze.kernel) + size(self.height.kernel)) * self.strip_positions(
            input_shape
        )
