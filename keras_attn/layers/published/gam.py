"""GAM: global attention without pooling."""

from __future__ import annotations

from typing import Any, ClassVar

from keras.saving import register_keras_serializable

from keras_attn.checks import check_choice
from keras_attn.gates.convolution import ConvolutionGate
from keras_attn.gates.positionwise import PositionwiseGate
from keras_attn.kernels import Tensor
from keras_attn.layers.base import AttentionLayer

ACTIVATIONS = (None, "sigmoid")


@register_keras_serializable(package="keras_attn")
class GAM(AttentionLayer):
    """Global attention mechanism (GAM): a number for every value of the map, without pooling.

        y = u · σ(BN(K₂ relu(BN(K₁ u)))),   u = x · D₂ relu(D₁ x)

    D₁ and D₂ are dense over the channels of each position, around m = floor(C / reduction)
    units; K₁ and K₂ are 7x7 convolutions to m channels and back to C, zero-padded; all with
    biases. BN has epsilon 1e-5 and momentum 0.9. With `groups` above 1 both convolutions are
    grouped, and the mask's channels are shuffled: channel j · shuffle_groups + i is what was
    i · (C / shuffle_groups) + j.

    Trainable parameters: 2Cm + m + C for the channel part, 98Cm / groups + 3m + 3C for the
    spatial part.

    Fidelity:
        The authors published no code; what circulates is uniform, and is followed: no sigmoid on
        the channel part, so that it may be negative or large. The paper's figure is read by
        others as having one, `channel_activation="sigmoid"`. The reduction is the paper's, that
        of BAM, and gives the parameters of its tables; the circulating code has 4. The paper
        uses grouped convolutions and a shuffle in its large ResNets without saying where the
        shuffle sits; as in the circulating code it is on the mask, after the sigmoid. (That
        code shuffles without groups too, which is not followed.) Keras keeps the biased running
        variance, PyTorch the unbiased one. How the paper's ablation adds max pooling to the
        spatial part it does not say; `pool_size` puts it before the first convolution, with
        stride 1, which keeps the size of the map.

    Args:
        reduction: Ratio of the channels to the units in the middle of both parts, at least 1.
        groups: Of both convolutions; must divide C and m.
        shuffle_groups: Of the shuffle, where `groups` is above 1; must divide C.
        channel_activation: None, or `"sigmoid"` on the channel part.
        channel: Whether there is a channel part; without it u = x (an ablation of the paper).
        spatial: Whether there is a spatial part; without it y = u (an ablation of the paper).
        pool_size: Side of the max pooling before the spatial part (an ablation of the paper), a
            positive odd integer, or None for none.
        **kwargs: `data_format`, and the arguments of `keras.layers.Layer`.

    Call arguments:
        x: The feature map: (B, H, W, C), or (B, C, H, W) in channels_first.

    Output shape: that of x.

    Raises:
        ValueError: If an argument is out of its range; at build, if there are fewer channels than
            `reduction`, the groups do not divide them, or they are undefined, or if there are not
            two spatial axes.

    Source: arXiv:2112.05561.

    Example:
        >>> import numpy as np
        >>> from keras_attn.layers import GAM
        >>> layer = GAM()
        >>> tuple(layer(np.ones((2, 8, 8, 32), "float32")).shape)
        (2, 8, 8, 32)
    """

    spatial_ranks: ClassVar = (2,)

    def __init__(
        self,
        reduction: float = 16,
        groups: int = 1,
        shuffle_groups: int = 4,
        channel_activation: str | None = None,
        channel: bool = True,
        spatial: bool = True,
        pool_size: int | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        if not channel and not spatial:
            raise ValueError("GAM needs a part: set `channel` or `spatial`, or both, to True.")
        self.reduction = reduction
        self.groups = groups
        self.shuffle_groups = shuffle_groups
        self.channel_activation = check_choice(
            "channel_activation", channel_activation, ACTIVATIONS
        )
        self.pool_size = pool_size
        self.channel = self.spatial = None
        if channel:
            self.channel = self.add_gate(
                PositionwiseGate,
                reduction=reduction,
                activation=channel_activation,
            )
        if spatial:
            self.spatial = self.add_gate(
                ConvolutionGate,
                reduction=reduction,
                groups=groups,
                shuffle_groups=shuffle_groups,
                pool_size=pool_size,
            )

    @property
    def torch_names(self) -> dict[str, str]:
        """Those of the circulating code."""
        names = {"channel": "channel_attention", "spatial": "spatial_attention"}
        return {part: name for part, name in names.items() if getattr(self, part)}

    def compute_gates(self, x: Tensor) -> dict[str, Tensor]:
        """The gate of every value of x, and that of every value under it."""
        gates = {"channel": self.channel(x)} if self.channel else {}
        if self.spatial:
            gates["spatial"] = self.spatial(x, under=tuple(gates.values()))
        return gates

    def attend(
        self, x: Tensor, channel: Tensor | float = 1.0, spatial: Tensor | float = 1.0
    ) -> Tensor:
        """The map under the product of the gates."""
        return self.times(x, channel * spatial)

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        return {
            **super().get_config(),
            "reduction": self.reduction,
            "groups": self.groups,
            "shuffle_groups": self.shuffle_groups,
            "channel_activation": self.channel_activation,
            "channel": self.channel is not None,
            "spatial": self.spatial is not None,
            "pool_size": self.pool_size,
        }
