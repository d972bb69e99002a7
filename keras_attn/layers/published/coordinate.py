"""Coordinate attention: channel attention that keeps where things are."""

from __future__ import annotations

from typing import Any, ClassVar

from keras.saving import register_keras_serializable

from keras_attn.gates.coordinate import CoordinateGate
from keras_attn.kernels import Tensor
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
    torch_names: ClassVar = {"coordinate": ""}

    def __init__(self, reduction: float = 32, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.reduction = reduction
        self.coordinate = self.add_gate(CoordinateGate, reduction=reduction)

    def compute_gates(self, x: Tensor) -> dict[str, Tensor]:
        """The gates of the rows and of the columns of x."""
        height, width = self.coordinate.directions(x)
        return {"height": height, "width": width}

    def attend(self, x: Tensor, height: Tensor, width: Tensor) -> Tensor:
        """The map under the product of both gates."""
        return self.times(x, height * width)

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        return {**super().get_config(), "reduction": self.reduction}
