"""Efficient channel attention: each channel looks at its neighbours only."""

from __future__ import annotations

import math
from typing import Any, ClassVar

from keras import ops
from keras.saving import register_keras_serializable

from keras_attn.gates import Gate
from keras_attn.gates.checks import check_kernel_size
from keras_attn.gates.parts import published_initializer, size
from keras_attn.kernels import Tensor, correlate, times
from keras_attn.layers.base import AttentionLayer


def adaptive_kernel_size(channels: int) -> int:
    """The paper's rule: t = floor(|log2(C) + 1| / 2), and the next odd number where t is even."""
    size = int(abs((math.log2(channels) + 1) / 2))
    return size if size % 2 else size + 1


@register_keras_serializable(package="keras_attn")
class ECA(AttentionLayer):
    """Efficient channel attention (ECA): weighs channels by the means of their neighbours.

        y = x · σ(k * mean x)

    The mean runs over the positions; k is one kernel, correlated along the channel axis, which is
    padded with zeros at both ends; no biases.

    Trainable parameters: those of k, `kernel_size`.

    Fidelity:
        The paper adapts the kernel to the channels, floor((log2(C) + 1) / 2) or the next odd
        number: `kernel_size=None`. The authors' module takes the size as an argument, and their
        ResNets pass 3 at every stage, the default here.

    Args:
        kernel_size: Length of the kernel, a positive odd integer; None for the paper's rule.
        **kwargs: `data_format`, and the arguments of `keras.layers.Layer`.

    Call arguments:
        x: The feature map: (B, *positions, C), or (B, C, *positions) in channels_first, with
            one to three spatial axes.

    Output shape: that of x.

    Raises:
        ValueError: If `kernel_size` is not a positive odd integer or None; at build, if the
            channels are undefined or there are not one to three spatial axes.

    Source: arXiv:1910.03151.

    Example:
        >>> import numpy as np
        >>> from keras_attn.layers import ECA
        >>> layer = ECA()
        >>> tuple(layer(np.ones((2, 8, 8, 32), "float32")).shape)
        (2, 8, 8, 32)
    """

    torch_names: ClassVar = {"channel.kernel": "conv.weight"}

    def __init__(self, kernel_size: int | None = 3, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.kernel_size = None if kernel_size is None else check_kernel_size(kernel_size)
        self.channel = self.add_gate(NeighbourGate, kernel_size=kernel_size)

    def compute_gates(self, x: Tensor) -> dict[str, Tensor]:
        """The channel gate of x."""
        return {"channel": self.channel(x)}

    def attend(self, x: Tensor, channel: Tensor) -> Tensor:
        """The map under its gate."""
        return times(x, channel)

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        return {**super().get_config(), "kernel_size": self.kernel_size}


class NeighbourGate(Gate):
    """c(x) = sigmoid(k * mean x), k correlated along the channels.

    Args:
        kernel_size: Length of the kernel; None for the paper's rule.
        **kwargs: Arguments of `Gate`.

    Output: (B, 1, 1, C), or (B, C, 1, 1) in channels_first.
    """

    takes_mask: ClassVar = True

    def __init__(self, kernel_size: int | None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.kernel_size = kernel_size

    def build(self, input_shape: tuple[int | None, ...]) -> None:
        """Makes the kernel."""
        super().build(input_shape)
        size = self.kernel_size or adaptive_kernel_size(self.channels)
        self.kernel = self.add_weight(
            shape=(1, 1, size), initializer=published_initializer(size), name="kernel"
        )

    def call(self, x: Tensor) -> Tensor:
        """The gate of map x."""
        logits = correlate(ops.expand_dims(self.mean_vector(x), -1), self.kernel)
        return self.as_channel_map(ops.sigmoid(logits), like=x)

    def macs(self, input_shape: tuple[int, ...]) -> int:
        """The kernel at every channel."""
        return size(self.kernel) * self.channels
