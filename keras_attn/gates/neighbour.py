"""ECA's gate: a channel and its neighbours."""

from __future__ import annotations

import math
from typing import Any, ClassVar

from keras import ops

from keras_attn.gates.checks import check_kernel_size
from keras_attn.gates.gate import Gate
from keras_attn.gates.parts import (
    published_initializer,
    size,
)
from keras_attn.kernels import Tensor, correlate


def adaptive_kernel_size(channels: int) -> int:
    """The paper's rule: t = floor(|log2(C) + 1| / 2), and the next odd number where t is even."""
    size = int(abs((math.log2(channels) + 1) / 2))
    return size if size % 2 else size + 1


class NeighbourGate(Gate):
    """c(x) = sigmoid(k * mean x), k correlated along the channels.

    Args:
        kernel_size: Length of the kernel; None for the paper's rule.
        **kwargs: Arguments of `Gate`.

    Output: (B, 1, 1, C), or (B, C, 1, 1) in channels_first.
    """

    returns: ClassVar = "per channel"
    takes_mask: ClassVar = True
    torch_names: ClassVar = {"kernel": "conv.weight"}

    def __init__(self, kernel_size: int | None = 3, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.kernel_size = None if kernel_size is None else check_kernel_size(kernel_size)

    def build(self, input_shape: tuple[int | None, ...]) -> None:
        """Makes the kernel."""
        super().build(input_shape)
        size = self.kernel_size or adaptive_kernel_size(self.channels)
        self.kernel = self.add_weight(
            shape=(1, 1, size), initializer=published_initializer(size), name="kernel"
        )

    def from_map(self, x: Tensor) -> Tensor:
        """The gate of map x."""
        logits = correlate(ops.expand_dims(self.mean_vector(x), -1), self.kernel)
        return self.as_channel_map(ops.sigmoid(logits), like=x)

    def macs(self, input_shape: tuple[int, ...]) -> int:
        """The kernel at every channel."""
        return size(self.kernel) * self.channels
