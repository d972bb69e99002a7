"""GAM's channel gate: a bottleneck at every position."""

from __future__ import annotations

from typing import Any, ClassVar

import keras

from keras_attn.gates.bottleneck import Bottleneck, check_reduction, hidden_channels
from keras_attn.gates.gate import Gate
from keras_attn.gates.parts import (
    Linear,
)
from keras_attn.kernels import Tensor


class PositionwiseGate(Gate):
    """activation(D2 relu(D1 x)), at each position.

    Args:
        reduction: D1 has floor(C / reduction) units.
        activation: None or `"sigmoid"`.
        **kwargs: Arguments of `Gate`.

    Output: the shape of x.
    """

    computes_in: ClassVar = "wide range"
    torch_names: ClassVar = {
        "bottleneck.squeeze": Linear("0"),
        "bottleneck.expand": Linear("2"),
    }

    def __init__(self, reduction: float = 16, activation: str | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.reduction = check_reduction(reduction)
        self.activation = keras.activations.get(activation)

    def build(self, input_shape: tuple[int | None, ...]) -> None:
        """Makes the two dense layers."""
        super().build(input_shape)
        hidden = hidden_channels(self.channels, self.reduction, minimum=0)
        self.bottleneck = Bottleneck(self.channels, hidden, use_bias=True, dtype=self.dtype_policy)
        self.bottleneck.build((None, self.channels))

    def from_map(self, x: Tensor) -> Tensor:
        """The gate of map x."""
        logits = self.bottleneck(self.channels_last(x))
        return self.restored(self.activation(logits), like=x)

    def macs(self, input_shape: tuple[int, ...]) -> int:
        """Both dense layers at every position."""
        return self.bottleneck.macs * self.positions(input_shape)
