"""CBAM: channel, then spatial attention, as its authors run it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from keras.saving import register_keras_serializable

from keras_attn.gates import ChannelGate, NormalizedSpatialGate
from keras_attn.gates.parts import Linear
from keras_attn.gates.pooling import check_pools
from keras_attn.kernels import Tensor
from keras_attn.layers.base import AttentionLayer


@register_keras_serializable(package="keras_attn")
class CBAM(AttentionLayer):
    """Convolutional block attention module (CBAM): channel, then spatial attention.

        y = u · σ(BN(K [max u; mean u])),   u = x · c(x)
        c(x) = σ(D₂ relu(D₁ mean x) + D₂ relu(D₁ max x))

    D₁ and D₂ are dense, with biases unless `use_bias` is False, around m = floor(C / reduction)
    units; K is a convolution of two maps to one, zero-padded; BN normalises the one map (epsilon
    1e-5, momentum 0.99).

    Trainable parameters, on images: 2Cm, m + C for the biases, and 2k² + 2 for the spatial part.

    Fidelity:
        The authors' code is followed: the maximum first, then the mean; biases in the
        bottleneck, so that D₂'s counts twice; a batch normalisation before the sigmoid. The
        paper writes the mean first and neither biases nor normalisation: that is the topology
        `CSA`. As in the authors' networks the normalisation's scale and all biases start at 0,
        so every spatial mask starts at 0.5. Keras keeps the biased running variance, PyTorch
        the unbiased one. The code's further pools (a power mean, log-sum-exp) are not here.

    Args:
        reduction: Ratio of the channels to the units of the bottleneck, at least 1.
        kernel_size: Side of the spatial gate's kernel, a positive odd integer.
        spatial: Whether there is a spatial part (the code's `no_spatial`, reversed).
        pools: The statistics that both gates read; `("mean",)` is CBAM without max pooling, an
            ablation of the GAM paper (arXiv:2112.05561).
        use_bias: Whether the bottleneck has biases; timm's networks have none.
        **kwargs: `data_format`, and the arguments of `keras.layers.Layer`.

    Call arguments:
        x: The feature map: (B, *positions, C), or (B, C, *positions) in channels_first, with
            one to three spatial axes.

    Output shape: that of x.

    Raises:
        ValueError: If an argument is out of its range; at build, if there are fewer channels than
            `reduction` or they are undefined, or if there are not one to three spatial axes.

    Source: arXiv:1807.06521.

    Example:
        >>> import numpy as np
        >>> from keras_attn.layers import CBAM
        >>> layer = CBAM()
        >>> tuple(layer(np.ones((2, 8, 8, 32), "float32")).shape)
        (2, 8, 8, 32)
    """

    def __init__(
        self,
        reduction: float = 16,
        kernel_size: int = 7,
        spatial: bool = True,
        pools: Sequence[str] = ("mean", "max"),
        use_bias: bool = True,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.reduction = reduction
        self.kernel_size = kernel_size
        self.pools = check_pools(pools)
        self.use_bias = use_bias
        self.channel = self.add_gate(
            ChannelGate,
            reduction=reduction,
            pools=pools,
            use_bias=use_bias,
            bias_initializer="zeros",
            minimum=0,
        )
        self.spatial = None
        if spatial:
            self.spatial = self.add_gate(
                NormalizedSpatialGate,
                kernel_size=kernel_size,
                pools=[pool for pool in ("max", "mean") if pool in pools],
                initial_scale=0.0,
            )

    @property
    def torch_names(self) -> dict[str, str]:
        """Those of the authors' module."""
        names: dict[str, str] = {
            "channel.bottleneck.squeeze": Linear("ChannelGate.mlp.1"),
            "channel.bottleneck.expand": Linear("ChannelGate.mlp.3"),
        }
        return {**names, "spatial": "SpatialGate.spatial"} if self.spatial else names

    def compute_gates(self, x: Tensor) -> dict[str, Tensor]:
        """The channel gate of x, and the spatial gate of the map under it."""
        channel = self.channel(x)
        if self.spatial is None:
            return {"channel": channel}
        return {"channel": channel, "spatial": self.spatial(x, under=channel)}

    def attend(self, x: Tensor, channel: Tensor, **spatial: Tensor) -> Tensor:
        """The map under one gate, then the other, if there is one."""
        return self.times(x, channel, *spatial.values())

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        return {
            **super().get_config(),
            "reduction": self.reduction,
            "kernel_size": self.kernel_size,
            "spatial": self.spatial is not None,
            "pools": self.pools,
            "use_bias": self.use_bias,
        }
