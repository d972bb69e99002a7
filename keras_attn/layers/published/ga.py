"""Gate attention: channel attention on the mean alone."""

from __future__ import annotations

from typing import Any, ClassVar

from keras.saving import register_keras_serializable

from keras_attn.gates.specification import specification
from keras_attn.kernels import Tensor
from keras_attn.layers.base import AttentionLayer


@register_keras_serializable(package="keras_attn")
class GA(AttentionLayer):
    """Gate attention (GA): weighs channels by their pooled mean.

        y = x · g(x)
        g(x) = σ(D₂ relu(D₁ mean x))

    The mean runs over the positions; D₁ and D₂ are dense, without biases.

    Trainable parameters, on images: 2Ch.

    Fidelity:
        As in the published code of the study, where it gates `BiCSAFA`. It is
        squeeze-and-excitation without biases and with a floor of 8 under the bottleneck's units.
        "Gate Attention" is its name there. A summary of arXiv:2601.07310 describes one number per
        map; the published code, which this layer follows, has one per channel.

    Args:
        reduction: Ratio of the channels to the units of the bottlenecks, at least 1; they
            have h = max(8, floor(C / reduction)).
        **kwargs: `data_format`, and the arguments of `keras.layers.Layer`.

    Call arguments:
        x: The feature map: (B, *positions, C), or (B, C, *positions) in channels_first, with
            one to three spatial axes.

    Output shape: that of x.

    Raises:
        ValueError: If `reduction` is below 1; at build, if the
            channels are undefined or there are not one to three spatial axes.

    Source: arXiv:2601.07310.

    Example:
        >>> import numpy as np
        >>> from keras_attn.layers import GA
        >>> layer = GA()
        >>> tuple(layer(np.ones((2, 8, 8, 32), "float32")).shape)
        (2, 8, 8, 32)
    """

    torch_names: ClassVar = {"channel": ""}

    def __init__(self, reduction: float = 16, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.reduction = reduction
        self.channel = self.add_named_gate(specification("channel", "ga"), reduction=reduction)

    def compute_gates(self, x: Tensor) -> dict[str, Tensor]:
        """The channel gate of x."""
        return {"channel": self.channel(x)}

    def attend(self, x: Tensor, channel: Tensor) -> Tensor:
        """The map under its gate."""
        return self.times(x, channel)

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        return {**super().get_config(), "reduction": self.reduction}
