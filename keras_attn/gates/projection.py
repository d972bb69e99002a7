"""The spatial gate of scSE: a projection of the channels at every position."""

from __future__ import annotations

from typing import ClassVar

from keras import ops

from keras_attn.gates.direct_call import called
from keras_attn.gates.gate import Gate
from keras_attn.gates.parts import (
    dense,
    size,
)
from keras_attn.kernels import Tensor


class ProjectionGate(Gate):
    """s(x) = sigmoid(D x), D dense from the channels of a position to one number.

    Output: (B, H, W, 1), or (B, 1, H, W) in channels_first.
    """

    returns: ClassVar = "per position"
    takes_mask: ClassVar = True
    torch_names: ClassVar = {"projection": "conv"}

    def build(self, input_shape: tuple[int | None, ...]) -> None:
        """Makes the dense layer."""
        super().build(input_shape)
        self.projection = dense(1, self.channels, dtype=self.dtype_policy, name="projection")

    def from_map(self, x: Tensor) -> Tensor:
        """The gate of map x."""
        logits = called(self.projection, self.channels_last(x))
        return self.restored(ops.sigmoid(logits), like=x)

    def macs(self, input_shape: tuple[int, ...]) -> int:
        """The dense layer at every position."""
        return size(self.projection.kernel) * self.positions(input_shape)
