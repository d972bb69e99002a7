"""scSE: channel and spatial squeeze-and-excitation, side by side."""

from __future__ import annotations

from typing import Any, ClassVar

from keras import ops
from keras.saving import register_keras_serializable

from keras_attn.checks import check_choice
from keras_attn.gates.parts import Linear
from keras_attn.gates.projection import ProjectionGate
from keras_attn.gates.specification import specification
from keras_attn.kernels import Tensor
from keras_attn.layers.base import AttentionLayer

FUSIONS = ("max", "sum")


@register_keras_serializable(package="keras_attn")
class SCSE(AttentionLayer):
    """Concurrent spatial and channel squeeze-and-excitation (scSE): the larger of two maps.

        y = max(x · c(x), x · s(x))
        c(x) = σ(D₂ relu(D₁ mean x)),   s(x) = σ(D₃ x)

    The mean runs over the positions; D₁ and D₂ are dense, around m = floor(C / reduction) units;
    D₃ weighs the channels of each position; all with biases.

    Trainable parameters: 2Cm + m + C, and C + 1 for D₃.

    Fidelity:
        The conference paper adds both maps, `fusion="sum"`; the authors' package takes the larger
        value, element by element, the default here. Their later text offers a product and a
        concatenation too, which are not here.

    Args:
        reduction: Ratio of the channels to the units of the bottleneck, at least 1.
        fusion: `"max"` or `"sum"` of both maps.
        **kwargs: `data_format`, and the arguments of `keras.layers.Layer`.

    Call arguments:
        x: The feature map: (B, *positions, C), or (B, C, *positions) in channels_first, with
            one to three spatial axes.

    Output shape: that of x.

    Raises:
        ValueError: If an argument is out of its range; at build, if there are fewer channels than
            `reduction` or they are undefined, or if there are not one to three spatial axes.

    Source: arXiv:1803.02579.

    Example:
        >>> import numpy as np
        >>> from keras_attn.layers import SCSE
        >>> layer = SCSE()
        >>> tuple(layer(np.ones((2, 8, 8, 32), "float32")).shape)
        (2, 8, 8, 32)
    """

    torch_names: ClassVar = {
        "channel.bottleneck.squeeze": Linear("cSE.fc1"),
        "channel.bottleneck.expand": Linear("cSE.fc2"),
        "spatial": "sSE",
    }

    def __init__(self, reduction: float = 2, fusion: str = "max", **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.reduction = reduction
        self.fusion = check_choice("fusion", fusion, FUSIONS)
        self.channel = self.add_named_gate(specification("channel", "se"), reduction=reduction)
        self.spatial = self.add_gate(ProjectionGate)

    def compute_gates(self, x: Tensor) -> dict[str, Tensor]:
        """Both gates of x."""
        return {"channel": self.channel(x), "spatial": self.spatial(x)}

    def attend(self, x: Tensor, channel: Tensor, spatial: Tensor) -> Tensor:
        """The larger, or the sum, of the map under either gate."""
        if self.fusion == "sum":
            return x * (channel + spatial)
        # The larger of both, which depends on the sign of x. Where x is 0 they share the gradient,
        # which the backends' own maximum and absolute value deal out differently.
        larger = 0.5 * (channel + spatial) + 0.5 * ops.sign(x) * ops.abs(channel - spatial)
        return x * larger

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        return {**super().get_config(), "reduction": self.reduction, "fusion": self.fusion}
