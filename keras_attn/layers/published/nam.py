"""NAM: a normalisation's own scale says which channels matter."""

from __future__ import annotations

from typing import Any, ClassVar

from keras.saving import register_keras_serializable

from keras_attn.gates.normalized_channel import NormalizedChannelGate
from keras_attn.kernels import Tensor
from keras_attn.layers.base import AttentionLayer


@register_keras_serializable(package="keras_attn")
class NAM(AttentionLayer):
    """Normalization-based attention (NAM): weighs channels by the scale of a normalisation.

        y = x · σ(w · BN(x)),   w = |γ| / Σ |γ|

    BN normalises every channel over batch and positions (epsilon 1e-5, momentum 0.9); γ is its
    scale, one number per channel, and the sum runs over the channels.

    Trainable parameters: 2C, those of BN.

    Fidelity:
        The authors' code is followed. It takes the absolute value of γ, where the paper's formula
        has γ itself; w is a number without gradient, so that γ learns through BN(x) alone. The
        paper's spatial part is not in the code and not here. The penalty on γ that the paper adds
        to the loss is a matter of training. Keras keeps the biased running variance, PyTorch the
        unbiased one.

    Args:
        **kwargs: `data_format`, and the arguments of `keras.layers.Layer`.

    Call arguments:
        x: The feature map: (B, *positions, C), or (B, C, *positions) in channels_first, with
            one to three spatial axes.

    Output shape: that of x.

    Raises:
        ValueError: At build, if the channels are undefined or there are not one to three spatial
            axes.

    Source: arXiv:2111.12419.

    Example:
        >>> import numpy as np
        >>> from keras_attn.layers import NAM
        >>> layer = NAM()
        >>> tuple(layer(np.ones((2, 8, 8, 32), "float32")).shape)
        (2, 8, 8, 32)
    """

    torch_names: ClassVar = {"channel": "Channel_Att"}

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.channel = self.add_gate(NormalizedChannelGate)

    def compute_gates(self, x: Tensor) -> dict[str, Tensor]:
        """The gate of every value of x."""
        return {"channel": self.channel(x)}

    def attend(self, x: Tensor, channel: Tensor) -> Tensor:
        """The map under its gate."""
        return self.times(x, channel)
