"""BAM: the bottleneck attention module."""

from __future__ import annotations

from typing import Any, ClassVar

from keras import ops
from keras.saving import register_keras_serializable

from keras_attn.checks import check_choice
from keras_attn.gates.context import ContextChannelGate, ContextSpatialGate
from keras_attn.kernels import Tensor
from keras_attn.layers.base import AttentionLayer

FUSIONS = ("product", "sum")


@register_keras_serializable(package="keras_attn")
class BAM(AttentionLayer):
    """Bottleneck attention module (BAM): one mask from channels and their surroundings.

        y = x · (1 + σ(c(x) · s(x)))
        c(x) = D₂ relu(BN(D₁ mean x))
        s(x) = D₄ relu(BN(K₂ relu(BN(K₁ relu(BN(D₃ x))))))

    The mean runs over the positions; D₁ to D₄ are dense over the channels, around
    m = floor(C / reduction) units; K₁ and K₂ are 3x3 convolutions, dilated and zero-padded; all
    with biases. c is (C) and s (H, W), both without an activation of their own. BN has epsilon
    1e-5 and momentum 0.9; in c it normalises over the batch alone, so train with more than one
    sample.

    Trainable parameters: 3Cm + C + 18m² + 13m + 1.

    Fidelity:
        The authors' code multiplies the two parts inside the sigmoid, the default here; the paper
        adds them, `fusion="sum"`, and prefers the sum in its ablation. The paper also writes a
        normalisation after the last layer of each part, which the code has not. The authors'
        module pools with a window of H x H, which fails or drops columns where a map is not
        square; here the mean is over all positions, the same for square maps. Their networks have
        BAM once after each of the stages 1 to 3, not in every block. Keras keeps the biased
        running variance, PyTorch the unbiased one.

    Args:
        reduction: Ratio of the channels to the units of the bottlenecks, at least 1.
        dilation: Of both convolutions, a positive integer.
        fusion: `"product"` or `"sum"` of both parts, inside the sigmoid.
        **kwargs: `data_format`, and the arguments of `keras.layers.Layer`.

    Call arguments:
        x: The feature map: (B, H, W, C), or (B, C, H, W) in channels_first.

    Output shape: that of x.

    Raises:
        ValueError: If an argument is out of its range; at build, if there are fewer channels than
            `reduction` or they are undefined, or if there are not two spatial axes.

    Source: arXiv:1807.06514.

    Example:
        >>> import numpy as np
        >>> from keras_attn.layers import BAM
        >>> layer = BAM()
        >>> tuple(layer(np.ones((2, 8, 8, 32), "float32")).shape)
        (2, 8, 8, 32)
    """

    spatial_ranks: ClassVar = (2,)

    torch_names: ClassVar = {
        "channel": "channel_att",
        "spatial": "spatial_att",
    }

    def __init__(
        self, reduction: float = 16, dilation: int = 4, fusion: str = "product", **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        self.reduction = reduction
        self.dilation = dilation
        self.fusion = check_choice("fusion", fusion, FUSIONS)
        parts = {"reduction": reduction, "activation": None}
        self.channel = self.add_gate(ContextChannelGate, **parts)
        self.spatial = self.add_gate(ContextSpatialGate, dilation=dilation, **parts)

    def compute_gates(self, x: Tensor) -> dict[str, Tensor]:
        """Both parts of the mask, before the sigmoid."""
        return {"channel": self.channel(x), "spatial": self.spatial(x)}

    def attend(self, x: Tensor, channel: Tensor, spatial: Tensor) -> Tensor:
        """The map, and the map under the mask of both parts."""
        logits = channel * spatial if self.fusion == "product" else channel + spatial
        return self.times(x, 1 + ops.sigmoid(logits))

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        return {
            **super().get_config(),
            "reduction": self.reduction,
            "dilation": self.dilation,
            "fusion": self.fusion,
        }
