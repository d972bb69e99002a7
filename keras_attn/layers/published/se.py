"""Squeeze-and-excitation: the first channel attention."""

from __future__ import annotations

from typing import Any

from keras.saving import register_keras_serializable

from keras_attn.gates.parts import Linear
from keras_attn.gates.specification import specification
from keras_attn.kernels import Tensor
from keras_attn.layers.base import AttentionLayer


@register_keras_serializable(package="keras_attn")
class SE(AttentionLayer):
    """Squeeze-and-excitation (SE): weighs channels by their pooled mean.

        y = x · σ(D₂ relu(D₁ mean x))

    The mean runs over the positions; D₁ and D₂ are dense, around m = floor(C / reduction) units.

    Trainable parameters: 2Cm, and m + C for the biases.

    Fidelity:
        The authors' networks (Caffe model files) have biases, the default here; the paper's
        formula and parameter count have none, nor have widespread PyTorch copies:
        `use_bias=False`. Published names are `down` and `up` with biases, `fc.0` and `fc.2`
        without. There is no floor under the units, so C must be at least `reduction`; with a
        floor of 8 and no biases it is `GA`.

    Args:
        reduction: Ratio of the channels to the units of the bottleneck, at least 1.
        use_bias: Whether both dense layers have biases.
        **kwargs: `data_format`, and the arguments of `keras.layers.Layer`.

    Call arguments:
        x: The feature map: (B, *positions, C), or (B, C, *positions) in channels_first, with
            one to three spatial axes.

    Output shape: that of x.

    Raises:
        ValueError: If `reduction` is below 1; at build, if there are fewer channels than
            `reduction` or they are undefined, or if there are not one to three spatial axes.

    Source: arXiv:1709.01507.

    Example:
        >>> import numpy as np
        >>> from keras_attn.layers import SE
        >>> layer = SE()
        >>> tuple(layer(np.ones((2, 8, 8, 32), "float32")).shape)
        (2, 8, 8, 32)
    """

    def __init__(self, reduction: float = 16, use_bias: bool = True, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.reduction = reduction
        self.use_bias = use_bias
        self.channel = self.add_named_gate(
            specification("channel", "se"), reduction=reduction, use_bias=use_bias
        )

    @property
    def torch_names(self) -> dict[str, str]:
        """Those of the authors' model files with biases, of the PyTorch copies without."""
        squeeze, expand = ("down", "up") if self.use_bias else (Linear("fc.0"), Linear("fc.2"))
        return {"channel.bottleneck.squeeze": squeeze, "channel.bottleneck.expand": expand}

    def compute_gates(self, x: Tensor) -> dict[str, Tensor]:
        """The channel gate of x."""
        return {"channel": self.channel(x)}

    def attend(self, x: Tensor, channel: Tensor) -> Tensor:
        """The map under its gate."""
        return self.times(x, channel)

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        return {
            **super().get_config(),
            "reduction": self.reduction,
            "use_bias": self.use_bias,
        }
