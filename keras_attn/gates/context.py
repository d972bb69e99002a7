"""BAM's gates: a channel gate normalised over the batch, a spatial gate of dilated convolutions."""

from __future__ import annotations

from typing import Any, ClassVar

import keras
from keras import ops

from keras_attn.checks import check_whole_number
from keras_attn.gates.bottleneck import check_reduction, hidden_channels
from keras_attn.gates.direct_call import called
from keras_attn.gates.gate import Gate
from keras_attn.gates.parts import (
    Linear,
    batch_normalization,
    convolution,
    dense,
    size,
)
from keras_attn.kernels import Tensor


class ContextChannelGate(Gate):
    """c(x) = D2 relu(BN(D1 mean x)), under an activation.

    Args:
        reduction: D1 has floor(C / reduction) units.
        activation: `"sigmoid"`; None for logits.
        **kwargs: Arguments of `Gate`.

    Output: (B, 1, 1, C), or (B, C, 1, 1) in channels_first.
    """

    returns: ClassVar = "per channel"
    spatial_ranks: ClassVar = (2,)
    torch_names: ClassVar = {
        "squeeze": Linear("gate_c.gate_c_fc_0"),
        "normalization": "gate_c.gate_c_bn_1",
        "expand": Linear("gate_c.gate_c_fc_final"),
    }

    def __init__(
        self, reduction: float = 16, activation: str | None = "sigmoid", **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        self.reduction = check_reduction(reduction)
        self.activation = keras.activations.get(activation)

    def build(self, input_shape: tuple[int | None, ...]) -> None:
        """Makes the dense layers and the normalisation between them."""
        super().build(input_shape)
        hidden = hidden_channels(self.channels, self.reduction, minimum=0)
        shared = {"dtype": self.dtype_policy}
        self.squeeze = dense(hidden, self.channels, name="squeeze", **shared)
        self.normalization = batch_normalization(hidden, axes=0, name="normalization", **shared)
        self.expand = dense(self.channels, hidden, name="expand", **shared)

    def from_map(self, x: Tensor) -> Tensor:
        """The gate of map x."""
        hidden = self.normalization(called(self.squeeze, self.mean_vector(x)))
        logits = called(self.expand, ops.relu(hidden))
        return self.as_channel_map(self.activation(logits), like=x)

    def macs(self, input_shape: tuple[int, ...]) -> int:
        """Both dense layers, once."""
        return size(self.squeeze.kernel) + size(self.expand.kernel)


class ContextSpatialGate(Gate):
    """s(x) = D4 relu(BN(K2 relu(BN(K1 relu(BN(D3 x)))))), under an activation.

    Args:
        reduction: All layers but the last have floor(C / reduction) units.
        dilation: Of the 3x3 convolutions K1 and K2.
        activation: `"sigmoid"`; None for logits.
        **kwargs: Arguments of `Gate`.

    Output: (B, H, W, 1), or (B, 1, H, W) in channels_first.
    """

    returns: ClassVar = "per position"
    spatial_ranks: ClassVar = (2,)
    computes_in: ClassVar = "policy"
    torch_names: ClassVar = {
        "squeeze": "gate_s.gate_s_conv_reduce0",
        "squeeze_normalization": "gate_s.gate_s_bn_reduce0",
        "convolution_1": "gate_s.gate_s_conv_di_0",
        "normalization_1": "gate_s.gate_s_bn_di_0",
        "convolution_2": "gate_s.gate_s_conv_di_1",
        "normalization_2": "gate_s.gate_s_bn_di_1",
        "expand": "gate_s.gate_s_conv_final",
    }

    def __init__(
        self,
        reduction: float = 16,
        dilation: int = 4,
        activation: str | None = "sigmoid",
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.reduction = check_reduction(reduction)
        self.dilation = check_whole_number("dilation", dilation, least=1)
        self.activation = keras.activations.get(activation)

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

    def from_map(self, x: Tensor) -> Tensor:
        """The gate of map x."""
        hidden = called(self.squeeze, self.channels_last(x))
        hidden = ops.relu(self.squeeze_normalization(hidden))
        hidden = ops.relu(self.normalization_1(self.convolution_1(hidden)))
        hidden = ops.relu(self.normalization_2(self.convolution_2(hidden)))
        return self.restored(self.activation(called(self.expand, hidden)), like=x)

    def macs(self, input_shape: tuple[int, ...]) -> int:
        """Every layer at every position."""
        layers = self.squeeze, self.convolution_1, self.convolution_2, self.expand
        return sum(size(layer.kernel) for layer in layers) * self.positions(input_shape)
