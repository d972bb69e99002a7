"""Efficient channel attention: each channel looks at its neighbours only."""

from __future__ import annotations

from typing import Any, ClassVar

from keras.saving import register_keras_serializable

from keras_attn.gates.neighbour import NeighbourGate
from keras_attn.kernels import Tensor
from keras_attn.layers.base import AttentionLayer


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

    torch_names: ClassVar = {"channel": ""}

    def __init__(self, kernel_size: int | None = 3, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.kernel_size = kernel_size
        self.channel = self.add_gate(NeighbourGate, kernel_size=kernel_size)

    def compute_gates(self, x: Tensor) -> dict[str, Tensor]:
        """The channel gate of x."""
        return {"channel": self.channel(x)}

    def attend(self, x: Tensor, channel: Tensor) -> Tensor:
        """The map under its gate."""
        return self.times(x, channel)

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        return {**super().get_config(), "kernel_size": self.kernel_size}
