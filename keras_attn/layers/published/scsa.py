"""SCSA, the synergy of spatial and channel attention: strips first, then self-attention."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

from keras.saving import register_keras_serializable

from keras_attn.checks import check_choice
from keras_attn.gates.activation import GATE_ACTIVATIONS
from keras_attn.gates.channel_attention import POOLS, ChannelAttentionGate
from keras_attn.gates.multiscale_strips import MultiScaleStripGate, check_kernel_sizes
from keras_attn.kernels import Tensor
from keras_attn.layers.base import AttentionLayer


@register_keras_serializable(package="keras_attn")
class SCSASynergistic(AttentionLayer):
    """Spatial and channel synergistic attention (SCSA): strips, then channels attend to channels.

        y = u · σ(mean(A V)),   u = x · h(x) · w(x),   A = softmax(Q Kᵀ / √d)
        h(x) = σ(GN₄([k₁ * z₁; k₂ * z₂; k₃ * z₃; k₄ * z₄])),   z = mean over the width x

    w(x) is h(x) of the means over the height: with the same kernels kᵢ, one per channel, which are
    zero-padded and have biases, for the quarters zᵢ of the channels, and with a normalisation GN₄
    (four groups, epsilon 1e-5) of its own. Q, K and V are GN₁(u pooled in windows), each scaled
    channel by channel; rows of a matrix are the d = C / num_heads contiguous channels of a head,
    columns the windows, over which the mean runs.

    Trainable parameters: 16C with the published kernels, and in general
    Σ (kernel_sizes + 1) C / 4 + 9C; 3C more with `qkv_bias`.

    Fidelity:
        Not the SCSA of arXiv:2601.07310, which is `SCSATopology`. The authors' code is followed.
        It lets channels through that do not divide by four, to fail later; here they are an
        error. Its windows do not overlap, and rows and columns beyond the last whole window are
        left out. Of its `down_sample_mode` there are avg_pool ("mean") and max_pool ("max");
        "recombination" calls a method that the code does not have. Its attention dropout,
        0 by default, is not here. `num_heads` has no default there; 1 is that of the authors'
        networks.

    Args:
        num_heads: In how many heads of contiguous channels these attend to each other; a divisor
            of C.
        window_size: Side of the windows that are pooled for the channel gate; None for one
            window, the whole map (-1 in the published code).
        kernel_sizes: Lengths of the four quarters' kernels, positive odd integers.
        qkv_bias: Whether Q, K and V have biases.
        downsample: How a window is pooled, `"mean"` or `"max"`.
        gate_activation: What all gates end with: `"sigmoid"`, or `"softmax"` over the rows, the
            columns and the channels.
        **kwargs: `data_format`, and the arguments of `keras.layers.Layer`.

    Call arguments:
        x: The feature map: (B, H, W, C), or (B, C, H, W) in channels_first.

    Output shape: that of x.

    Raises:
        ValueError: If an argument is out of its range; at build, if the channels are not a multiple
            of 4 and of `num_heads` or undefined, or if there are not two spatial axes; at build
            or call, if a window is larger than the map.

    Source: arXiv:2407.05128.

    Example:
        >>> import numpy as np
        >>> from keras_attn.layers import SCSASynergistic
        >>> layer = SCSASynergistic()
        >>> tuple(layer(np.ones((2, 8, 8, 32), "float32")).shape)
        (2, 8, 8, 32)
    """

    spatial_ranks: ClassVar = (2,)
    torch_names: ClassVar = {
        "spatial.convolutions": "{gate.name}",
        "spatial.height_normalization": "norm_h",
        "spatial.width_normalization": "norm_w",
        "channel.normalization": "norm",
        "channel.query": "q",
        "channel.key": "k",
        "channel.value": "v",
    }

    def __init__(
        self,
        num_heads: int = 1,
        window_size: int | None = 7,
        kernel_sizes: Sequence[int] = (3, 5, 7, 9),
        qkv_bias: bool = False,
        downsample: str = "mean",
        gate_activation: str = "sigmoid",
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.num_heads = num_heads
        self.window_size = window_size
        self.kernel_sizes = check_kernel_sizes(kernel_sizes)
        self.qkv_bias = qkv_bias
        self.downsample = check_choice("downsample", downsample, tuple(POOLS))
        self.gate_activation = check_choice("gate_activation", gate_activation, GATE_ACTIVATIONS)
        self.spatial = self.add_gate(
            MultiScaleStripGate, kernel_sizes=self.kernel_sizes, activation=gate_activation
        )
        self.channel = self.add_gate(
            ChannelAttentionGate,
            num_heads=num_heads,
            window_size=window_size,
            use_bias=qkv_bias,
            pool=downsample,
            activation=gate_activation,
        )

    def compute_gates(self, x: Tensor) -> dict[str, Tensor]:
        """The gates of the rows and of the columns of x, and that of the channels under them."""
        height, width = self.spatial(x)
        return {"height": height, "width": width, "channel": self.channel(x * height * width)}

    def attend(self, x: Tensor, height: Tensor, width: Tensor, channel: Tensor) -> Tensor:
        """The map under its strips, as `compute_gates` has it, under the gate of the channels."""
        return self.times(x * height * width, channel)

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        return {
            **super().get_config(),
            "num_heads": self.num_heads,
            "window_size": self.window_size,
            "kernel_sizes": self.kernel_sizes,
            "qkv_bias": self.qkv_bias,
            "downsample": self.downsample,
            "gate_activation": self.gate_activation,
        }
