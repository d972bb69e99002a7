"""NAM's gate: a channel in its own deviation from the batch."""

from __future__ import annotations

from typing import ClassVar

from keras import ops

from keras_attn.gates.gate import Gate
from keras_attn.gates.parts import (
    batch_normalization,
)
from keras_attn.kernels import Tensor


class NormalizedChannelGate(Gate):
    """sigmoid(w BN(x)), w the share of each channel in the sum of BN's absolute scales.

    Output: the shape of x.
    """

    takes_mask: ClassVar = True
    torch_names: ClassVar = {"normalization": "bn2"}

    def build(self, input_shape: tuple[int | None, ...]) -> None:
        """Makes the normalisation."""
        super().build(input_shape)
        self.normalization = batch_normalization(
            self.channels, axes=len(self.spatial_axes), dtype=self.dtype_policy
        )

    def from_map(self, x: Tensor) -> Tensor:
        """The gate of map x."""
        scales = ops.abs(ops.stop_gradient(self.normalization.gamma))
        weights = scales / ops.sum(scales)
        normalized = self.normalization(self.channels_last(x), mask=self.position_mask)
        return self.restored(ops.sigmoid(weights * normalized), like=x)

    def macs(self, input_shape: tuple[int, ...]) -> int:
        """None: it multiplies element by element."""
        return 0
