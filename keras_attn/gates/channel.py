"""The channel gate: which channels matter, one number per channel."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

from keras import ops

from keras_attn.gates.bottleneck import Bottleneck, check_reduction, hidden_channels
from keras_attn.gates.gate import PooledGate, Under
from keras_attn.gates.pooling import check_pools
from keras_attn.kernels import Tensor


class ChannelGate(PooledGate):
    """c(x) = sigmoid(sum over pools p of expand(relu(squeeze(p(x))))).

    Args:
        reduction: The bottleneck has max(minimum, floor(C / reduction)) units.
        pools: Which statistics over the positions it reads, of `"mean"` and `"max"`.
        use_bias: Whether the bottleneck has biases.
        bias_initializer: Keras initializer of the biases; that of PyTorch if None.
        minimum: Fewest units of the bottleneck; with 0, too few channels raise an error.
        **kwargs: Arguments of `Gate`.

    Output: (B, 1, 1, C), or (B, C, 1, 1) in channels_first.
    """

    returns: ClassVar = "per channel"
    torch_names: ClassVar = {"bottleneck.squeeze": "mlp.0", "bottleneck.expand": "mlp.2"}

    def __init__(
        self,
        reduction: float = 16,
        pools: tuple[str, ...] = ("mean", "max"),
        use_bias: bool = False,
        bias_initializer: str | None = None,
        minimum: int = 8,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.reduction = check_reduction(reduction)
        self.pools = check_pools(pools)
        self.use_bias = use_bias
        self.bias_initializer = bias_initializer
        self.minimum = minimum

    def build(self, input_shape: tuple[int | None, ...]) -> None:
        """Makes the bottleneck that all pools share."""
        super().build(input_shape)
        hidden = hidden_channels(self.channels, self.reduction, self.minimum)
        self.bottleneck = Bottleneck(
            self.channels,
            hidden,
            use_bias=self.use_bias,
            bias_initializer=self.bias_initializer,
            dtype=self.dtype_policy,
        )
        self.bottleneck.build((None, self.channels))

    def pooled(self, x: Tensor, under: Under = ()) -> list[Tensor]:
        """The statistics over the positions, each in the shape of the gate."""
        return self.pooled_over_positions(x, self.pools, under)

    def from_pooled(self, pooled: Sequence[Tensor], like: Tensor) -> Tensor:
        """The gate of a map with these statistics, in the dtype of `like`."""
        logits = ops.sum(self.logits_of_pools(pooled), axis=0)
        return self.as_channel_map(ops.sigmoid(logits), like)

    def logits_of_pools(self, pooled: Sequence[Tensor]) -> Tensor:
        """(pools, B, C): the bottleneck of every statistic, in one call for all of them."""
        vectors = ops.concatenate([self.vector(each) for each in pooled])
        return ops.reshape(self.bottleneck(vectors), (len(pooled), -1, self.channels))

    def macs(self, input_shape: tuple[int, ...]) -> int:
        """The bottleneck, once per pool."""
        return len(self.pools) * self.bottleneck.macs
