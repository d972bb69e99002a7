"""The gate of coordinate attention: rows and columns through one bottleneck."""

from __future__ import annotations

from typing import Any, ClassVar

from keras import ops

from keras_attn.gates.bottleneck import check_reduction, hidden_channels
from keras_attn.gates.direct_call import called
from keras_attn.gates.parts import (
    batch_normalization,
    dense,
    size,
)
from keras_attn.gates.strips import StripGate
from keras_attn.kernels import Tensor


class CoordinateGate(StripGate):
    """sigmoid(height(z_h)), sigmoid(width(z_w)); z = hard_swish(BN(squeeze(both strips))).

    Args:
        reduction: The bottleneck has max(8, floor(C / reduction)) units.
        **kwargs: Arguments of `Gate`.

    Output: the shape of x.
    """

    torch_names: ClassVar = {
        "squeeze": "conv1",
        "normalization": "bn1",
        "height": "conv_h",
        "width": "conv_w",
    }

    def __init__(self, reduction: float = 32, **kwargs: Any) -> None:
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

    def directions(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """The gates of the rows and of the columns of map x."""
        rows, columns = self.strips(x)
        # The normalisation takes its statistics over rows and columns together.
        joint = called(self.squeeze, ops.concatenate([rows, columns], axis=1))
        joint = ops.hard_silu(self.normalization(joint))
        number = ops.shape(rows)[1]
        height = called(self.height, joint[:, :number])
        width = called(self.width, joint[:, number:])
        return self.as_strip_maps(ops.sigmoid(height), ops.sigmoid(width), like=x)

    def macs(self, input_shape: tuple[int, ...]) -> int:
        """The first layer for every row and column, and one of the others for each."""
        return (size(self.squeeze.kernel) + size(self.height.kernel)) * self.strip_positions(
            input_shape
        )
