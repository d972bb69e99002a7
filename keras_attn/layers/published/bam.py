"""BAM: the bottleneck attention module."""

from __future__ import annotations

from typing import Any, ClassVar

from keras import ops
from keras.saving import register_keras_serializable

from keras_attn.checks import check_choice, check_whole_number
from keras_attn.gates import Gate
from keras_attn.gates.bottleneck import check_reduction, hidden_channels
from keras_attn.gates.parts import Linear, batch_normalization, convolution, dense, size
from keras_attn.kernels import Tensor, times
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
        "channel.squeeze": Linear("channel_att.gate_c.gate_c_fc_0"),
        "channel.normalization": "channel_att.gate_c.gate_c_bn_1",
        "channel.expand": Linear("channel_att.gate_c.gate_c_fc_final"),
        "spatial.squeeze": "spatial_att.gate_s.gate_s_conv_reduce0",
        "spatial.squeeze_normalization": "spatial_att.gate_s.gate_s_bn_reduce0",
        "spatial.convolution_1": "spatial_att.gate_s.gate_s_conv_di_0",
        "spatial.normalization_1": "spatial_att.gate_s.gate_s_bn_di_0",
        "spatial.convolution_2": "spatial_att.gate_s.gate_s_conv_di_1",
        "spatial.normalization_2": "spatial_att.gate_s.gate_s_bn_di_1",
        "spatial.expand": "spatial_att.gate_s.gate_s_conv_final",
    }

    def __init__(
        self, reduction: float = 16, dilation: int = 4, fusion: str = "product", **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        self.reduction = check_reduction(reduction)
        self.dilation = check_whole_number("dilation", dilation, least=1)
        self.fusion = check_choice("fusion", fusion, FUSIONS)
        self.channel = self.add_gate(ContextChannelGate, reduction=reduction)
        self.spatial = self.add_gate(
            ContextSpatialGate, reduction=reduction, dilation=dilation, dtype=self.dtype_policy
        )

    def compute_gates(self, x: Tensor) -> dict[str, Tensor]:
        """Both parts of the mask, before the sigmoid."""
        return {"channel": self.channel(x), "spatial": self.spatial(x)}

    def attend(self, x: Tensor, channel: Tensor, spatial: Tensor) -> Tensor:
        """The map, and the map under the mask of both parts."""
        logits = channel * spatial if self.fusion == "product" else channel + spatial
        return times(x, 1 + ops.sigmoid(logits))

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        return {
            **super().get_config(),
            "reduction": self.reduction,
            "dilation": self.dilation,
            "fusion": self.fusion,
        }


class ContextChannelGate(Gate):
    """c(x) = D2 relu(BN(D1 mean x)), without a final activation.

    Args:
        reduction: D1 has floor(C / reduction) units.
        **kwargs: Arguments of `Gate`.

    Output: (B, 1, 1, C), or (B, C, 1, 1) in channels_first.
    """

    def __init__(self, reduction: float, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.reduction = reduction

    def build(self, input_shape: tuple[int | None, ...]) -> None:
        """Makes the dense layers and the normalisation between them."""
        super().build(input_shape)
        hidden = hidden_channels(self.channels, self.reduction, minimum=0)
        shared = {"dtype": self.dtype_policy}
        self.squeeze = dense(hidden, self.channels, name="squeeze", **shared)
        self.normalization = batch_normalization(hidden, axes=0, name="normalization", **shared)
        self.expand = dense(self.channels, hidden, name="expand", **shared)

    def call(self, x: Tensor) -> Tensor:
        """The logits of the channels of map x."""
        hidden = self.normalization(self.squeeze(self.mean_vector(x)))
        return self.as_channel_map(self.expand(ops.relu(hidden)), like=x)

    def macs(self, input_shape: tuple[int, ...]) -> int:
        """Both dense layers, once."""
        return size(self.squeeze.kernel) + size(self.expand.kernel)


class ContextSpatialGate(Gate):
    """s(x) = D4 relu(BN(K2 relu(BN(K1 relu(BN(D3 x)))))), without a final activation.

    Args:
        reduction: All layers but the last have floor(C / reduction) units.
        dilation: Of the 3x3 convolutions K1 and K2.
        **kwargs: Arguments of `Gate`.

    Output: (B, H, W, 1), or (B, 1, H, W) in channels_first.
    """

    def __init__(self, reduction: float, dilation: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.reduction = reduction
        self.dilation = dilation

    def build(self, input_shape: tuple[int | None, ...]) -> None:
        """Makes the four layers and their normalisations."""
        super().build(input_shape)
        hidden = hidden_channels(self.channels, self.reduction, minimum=0)
        shared: dict[str, Any] = {"dtype": self.dtype_policy}
        dilated = {"dilation_rate": self.dilation, **shared}
        self.squeeze = dense(hidden, self.channels, name="squeeze", **shared)
        self.squeeze_normalization = batch_normalization(hidden, axes=2, **shared)
        self.convolution_1 = convolution(hidden, (3, 3), hidden, **dilated)
        self.normalization_1 = batch_normalization(hidden, axes=2, **shared)
        self.convolution_2 = convolution(hidden, (3, 3), hidden, **dilated)
        self.normalization_2 = batch_normalization(hidden, axes=2, **shared)
        self.expand = dense(1, hidden, name="expand", **shared)

    def call(self, x: Tensor) -> Tensor:
        """The logits of the positions of map x."""
        hidden = ops.relu(self.squeeze_normalization(self.squeeze(self.channels_last(x))))
        hidden = ops.relu(self.normalization_1(self.convolution_1(hidden)))
        hidden = ops.relu(self.normalization_2(self.convolution_2(hidden)))
        return self.restored(self.expand(hidden), like=x)

    def macs(self, input_shape: tuple[int, ...]) -> int:
        """Every layer at every position."""
        layers = self.squeeze, self.convolution_1, self.convolution_2, self.expand
        return sum(size(layer.kernel) for layer in layers) * self.positions(input_shape)
