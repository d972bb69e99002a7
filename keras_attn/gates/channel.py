"""The channel gate: which channels matter, one number a channel."""

from __future__ import annotations

from typing import Any, ClassVar

from keras import ops

from keras_attn.gates.bottleneck import Bottleneck, check_reduction, hidden_channels
from keras_attn.gates.gate import Gate
from keras_attn.gates.statistics import Tensor, max_over, mean_over

POOLS = {"mean": mean_over, "max": max_over}


class ChannelGate(Gate):
    """c(x) = sigmoid(sum over pools p of expand(relu(squeeze(p(x))))).

    Args:
        reduction: The bottleneck has max(8, floor(C / reduction)) units.
        pools: Which statistics over the positions are fed to it, of `"mean"` and `"max"`.
        **kwargs: Arguments of `Gate`.

    Output: (B, 1, 1, C), or (B, C, 1, 1) in channels_first.
    """

    torch_names: ClassVar = {"bottleneck.squeeze": "mlp.0", "bottleneck.expand": "mlp.2"}

    def __init__(
        self, reduction: float = 16, pools: tuple[str, ...] = ("mean", "max"), **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        self.reduction = check_reduction(reduction)
        self.pools = pools

    def build(self, input_shape: tuple[int | None, ...]) -> None:
        """Makes the bottleneck that all pools share."""
        super().build(input_shape)
        hidden = hidden_channels(self.channels, self.reduction)
        self.bottleneck = Bottleneck(self.channels, hidden, dtype=self.dtype_policy)
        self.bottleneck.build((None, self.channels))

    def call(self, x: Tensor) -> Tensor:
        """The gate of map x."""
        logits = sum(self.bottleneck(POOLS[pool](x, self.spatial_axes)) for pool in self.pools)
        return self.as_channel_map(ops.sigmoid(logits), like=x)
