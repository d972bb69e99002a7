"""Mixing gates: how much of each branch, a few numbers per sample."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

import keras
from keras import ops

from keras_attn.gates.bottleneck import Bottleneck, check_reduction, hidden_channels
from keras_attn.gates.gate import Gate, PooledGate, Under
from keras_attn.kernels import Tensor, accumulation_dtype


class MixingGate(PooledGate):
    """w(x) = activation(expand(relu(squeeze(mean over positions of x)))), with biases.

    Args:
        branches: How many weights each sample gets.
        reduction: The bottleneck has max(8, floor(C / reduction)) units.
        activation: `"softmax"` over the branches, or `"sigmoid"`.
        **kwargs: Arguments of `Gate`.

    Output: (B, 1, 1, branches), or (B, branches, 1, 1) in channels_first.
    """

    torch_names: ClassVar = {"bottleneck.squeeze": "1", "bottleneck.expand": "3"}

    def __init__(
        self, branches: int, reduction: float = 16, activation: str = "softmax", **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        self.branches = branches
        self.reduction = check_reduction(reduction)
        self.activation = keras.activations.get(activation)

    def build(self, input_shape: tuple[int | None, ...]) -> None:
        """Makes the bottleneck."""
        super().build(input_shape)
        hidden = hidden_channels(self.channels, self.reduction)
        self.bottleneck = Bottleneck(self.branches, hidden, use_bias=True, dtype=self.dtype_policy)
        self.bottleneck.build((None, self.channels))

    def pooled(self, x: Tensor, under: Under = ()) -> list[Tensor]:
        """The mean over the positions."""
        return self.pooled_over_positions(x, ["mean"], under)

    def from_pooled(self, pooled: Sequence[Tensor], like: Tensor) -> Tensor:
        """The weights of the branches for a map with this mean, in the dtype of `like`."""
        (mean,) = pooled
        return self.as_channel_map(self.activation(self.bottleneck(self.vector(mean))), like)

    def macs(self, input_shape: tuple[int, ...]) -> int:
        """The bottleneck, once."""
        return self.bottleneck.macs


class GlobalLocalMixingGate(Gate):
    """w(x) = softmax(l1, l2): one logit from the pooled map, one from the map itself.

    l1 = expand(relu(squeeze(mean x))); l2 = mean over positions of expand(relu(squeeze(x))),
    with separate weights and biases.

    Args:
        reduction: Both bottlenecks have max(8, floor(C / reduction)) units.
        **kwargs: Arguments of `Gate`.

    Output: (B, 1, 1, 2), or (B, 2, 1, 1) in channels_first.
    """

    torch_names: ClassVar = {
        "pooled.squeeze": "gate_c.1",
        "pooled.expand": "gate_c.3",
        "positionwise.squeeze": "gate_s.0",
        "positionwise.expand": "gate_s.2",
    }

    takes_mask: ClassVar[bool] = True

    def __init__(self, reduction: float = 16, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.reduction = check_reduction(reduction)

    def build(self, input_shape: tuple[int | None, ...]) -> None:
        """Makes the two bottlenecks."""
        super().build(input_shape)
        hidden = hidden_channels(self.channels, self.reduction)
        self.pooled = Bottleneck(1, hidden, use_bias=True, dtype=self.dtype_policy)
        self.positionwise = Bottleneck(1, hidden, use_bias=True, dtype=self.dtype_policy)
        self.pooled.build((None, self.channels))
        self.positionwise.build((None, self.channels))

    def from_map(self, x: Tensor) -> Tensor:
        """The weights of the two branches for map x."""
        features = ops.cast(self.channels_last(x), accumulation_dtype(x.dtype))
        logits = ops.concatenate(
            [
                self.pooled(self.mean_vector(x)),
                self.positionwise.mean_over_positions(features, self.position_mask),
            ],
            axis=-1,
        )
        return self.as_channel_map(ops.softmax(logits), like=x)

    def macs(self, input_shape: tuple[int, ...]) -> int:
        """One bottleneck for the pooled map, the other for every position."""
        return self.pooled.macs + self.positionwise.macs * self.positions(input_shape)
