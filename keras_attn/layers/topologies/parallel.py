"""Parallel topologies: both gates read the input, and a fusion weights the branches."""

from __future__ import annotations

from typing import Any, ClassVar

from keras.saving import register_keras_serializable

from keras_attn.gates import BlendGate, ChannelGate, GlobalLocalMixingGate, MixingGate
from keras_attn.gates.pooling import scaled
from keras_attn.kernels import Tensor, plus, times
from keras_attn.layers.topologies.topology import Topology


@register_keras_serializable(package="keras_attn")
class CSA2(Topology):
    """Channel and spatial attention side by side, averaged (C&SA²).

        y = x · (c(x) + s(x)) / 2

    c is the gate of `CA`, s that of `SA`.

    Trainable parameters, on images: 2Ch + 2k².

    Args:
        reduction: Ratio of the channels to the units of the bottlenecks, at least 1; they
            have h = max(8, floor(C / reduction)).
        kernel_size: Side of the spatial gate's kernel, a positive odd integer.
        **kwargs: `data_format`, and the arguments of `keras.layers.Layer`.

    Call arguments:
        x: The feature map: (B, *positions, C), or (B, C, *positions) in channels_first, with
            one to three spatial axes.

    Output shape: that of x.

    Raises:
        ValueError: If an argument is out of its range; at build, if the
            channels are undefined or there are not one to three spatial axes.

    Source: arXiv:2601.07310.

    Example:
        >>> import numpy as np
        >>> from keras_attn.layers import CSA2
        >>> layer = CSA2()
        >>> tuple(layer(np.ones((2, 8, 8, 32), "float32")).shape)
        (2, 8, 8, 32)
    """

    def compute_gates(self, x: Tensor) -> dict[str, Tensor]:
        """Both gates of x."""
        return {"channel": self.channel(x), "spatial": self.spatial(x)}

    def attend(self, x: Tensor, channel: Tensor, spatial: Tensor) -> Tensor:
        """The map under the mean of both gates."""
        return times(x, 0.5 * plus(channel, spatial))


@register_keras_serializable(package="keras_attn")
class CSAFA(Topology):
    """Channel and spatial attention side by side in learned shares (C&SAFA).

        y = x · (a c(x) + (1 - a) s(x)),   a = σ(γ)

    c is the gate of `CA`, s that of `SA`; γ is one learned number, 0.5 at the start (a = 0.6225).

    Trainable parameters, on images: 2Ch + 2k² + 1.

    Args:
        reduction: Ratio of the channels to the units of the bottlenecks, at least 1; they
            have h = max(8, floor(C / reduction)).
        kernel_size: Side of the spatial gate's kernel, a positive odd integer.
        **kwargs: `data_format`, and the arguments of `keras.layers.Layer`.

    Call arguments:
        x: The feature map: (B, *positions, C), or (B, C, *positions) in channels_first, with
            one to three spatial axes.

    Output shape: that of x.

    Raises:
        ValueError: If an argument is out of its range; at build, if the
            channels are undefined or there are not one to three spatial axes.

    Source: arXiv:2601.07310.

    Example:
        >>> import numpy as np
        >>> from keras_attn.layers import CSAFA
        >>> layer = CSAFA()
        >>> tuple(layer(np.ones((2, 8, 8, 32), "float32")).shape)
        (2, 8, 8, 32)
    """

    torch_names: ClassVar = {**Topology.torch_names, "blend.logit": "gamma"}

    def __init__(self, reduction: float = 16, kernel_size: int = 7, **kwargs: Any) -> None:
        super().__init__(reduction=reduction, kernel_size=kernel_size, **kwargs)
        self.blend = self.add_gate(BlendGate)

    def compute_gates(self, x: Tensor) -> dict[str, Tensor]:
        """Both gates of x, and the learned share of the channel gate."""
        return {"channel": self.channel(x), "spatial": self.spatial(x), "blend": self.blend(x)}

    def attend(self, x: Tensor, channel: Tensor, spatial: Tensor, blend: Tensor) -> Tensor:
        """The map under both gates in their learned shares."""
        return times(x, plus(blend * channel, (1 - blend) * spatial))


@register_keras_serializable(package="keras_attn")
class BiCSA(Topology):
    """Both orders of channel and spatial attention, summed (Bi-CSA).

        y = x · (c(x) · s(x c) + s(x) · c(x s))

    One gate c as in `CA` and one gate s as in `SA` serve both orders.

    Trainable parameters, on images: 2Ch + 2k².

    Args:
        reduction: Ratio of the channels to the units of the bottlenecks, at least 1; they
            have h = max(8, floor(C / reduction)).
        kernel_size: Side of the spatial gate's kernel, a positive odd integer.
        **kwargs: `data_format`, and the arguments of `keras.layers.Layer`.

    Call arguments:
        x: The feature map: (B, *positions, C), or (B, C, *positions) in channels_first, with
            one to three spatial axes.

    Output shape: that of x.

    Raises:
        ValueError: If an argument is out of its range; at build, if the
            channels are undefined or there are not one to three spatial axes.

    Source: arXiv:2601.07310.

    Example:
        >>> import numpy as np
        >>> from keras_attn.layers import BiCSA
        >>> layer = BiCSA()
        >>> tuple(layer(np.ones((2, 8, 8, 32), "float32")).shape)
        (2, 8, 8, 32)
    """

    def compute_gates(self, x: Tensor) -> dict[str, Tensor]:
        """Both gates of x, and each gate of what the other lets through."""
        channel = self.channel(x)
        spatial = self.spatial(x)
        return {
            "channel": channel,
            "spatial": spatial,
            "spatial_after_channel": self.spatial(x, under=channel),
            "channel_after_spatial": self.channel(x, under=spatial),
        }

    def attend(
        self,
        x: Tensor,
        channel: Tensor,
        spatial: Tensor,
        spatial_after_channel: Tensor,
        channel_after_spatial: Tensor,
    ) -> Tensor:
        """The sum of both orders."""
        channel_first = times(x, channel, spatial_after_channel)
        return channel_first + times(x, spatial, channel_after_spatial)

    def macs(self, input_shape: tuple[int, ...]) -> int:
        """Each gate twice."""
        return 2 * (self.channel.macs(input_shape) + self.spatial.macs(input_shape))


@register_keras_serializable(package="keras_attn")
class BiCSAFA(BiCSA):
    """Bi-CSA and its input, mixed channel by channel (Bi-CSAFA).

        y = g · u + (1 - g) · x,   u = x · (c(x) · s(x c) + s(x) · c(x s)),   g = g(u)
        g(u) = σ(D₂ relu(D₁ mean u))

    The fusion gate g is that of `GA` with a bottleneck of its own, and reads u, not x.

    Trainable parameters, on images: 4Ch + 2k².

    Args:
        reduction: Ratio of the channels to the units of the bottlenecks, at least 1; they
            have h = max(8, floor(C / reduction)).
        kernel_size: Side of the spatial gate's kernel, a positive odd integer.
        **kwargs: `data_format`, and the arguments of `keras.layers.Layer`.

    Call arguments:
        x: The feature map: (B, *positions, C), or (B, C, *positions) in channels_first, with
            one to three spatial axes.

    Output shape: that of x.

    Raises:
        ValueError: If an argument is out of its range; at build, if the
            channels are undefined or there are not one to three spatial axes.

    Source: arXiv:2601.07310.

    Example:
        >>> import numpy as np
        >>> from keras_attn.layers import BiCSAFA
        >>> layer = BiCSAFA()
        >>> tuple(layer(np.ones((2, 8, 8, 32), "float32")).shape)
        (2, 8, 8, 32)
    """

    torch_names: ClassVar = {**Topology.torch_names, "fusion": "ga"}

    def __init__(self, reduction: float = 16, kernel_size: int = 7, **kwargs: Any) -> None:
        super().__init__(reduction=reduction, kernel_size=kernel_size, **kwargs)
        self.fusion = self.add_gate(ChannelGate, reduction=reduction, pools=("mean",))

    def compute_gates(self, x: Tensor) -> dict[str, Tensor]:
        """The gates of Bi-CSA, and the fusion gate of what Bi-CSA makes of x."""
        gates = super().compute_gates(x)
        means = [
            *scaled(self.fusion.pooled(x, under=gates["spatial_after_channel"]), gates["channel"]),
            *scaled(self.fusion.pooled(x, under=gates["spatial"]), gates["channel_after_spatial"]),
        ]
        return {**gates, "fusion": self.fusion.from_pooled([sum(means)], like=x)}

    def attend(
        self,
        x: Tensor,
        channel: Tensor,
        channel_after_spatial: Tensor,
        fusion: Tensor,
        **spatials: Tensor,
    ) -> Tensor:
        """Bi-CSA and the map itself in the shares of the fusion gate."""
        both = super().attend(
            x,
            channel=fusion * channel,
            channel_after_spatial=fusion * channel_after_spatial,
            **spatials,
        )
        return both + times(x, 1 - fusion)

    def macs(self, input_shape: tuple[int, ...]) -> int:
        """Those of Bi-CSA and of the fusion gate."""
        return super().macs(input_shape) + self.fusion.macs(input_shape)


@register_keras_serializable(package="keras_attn")
class GCSA2(Topology):
    """Channel and spatial attention side by side, weighted per sample (GC&SA²).

        y = x · (w₁ c(x) + w₂ s(x)),   w = softmax(l₁, l₂)
        l₁ = D₂ relu(D₁ mean x),   l₂ = mean(D₄ relu(D₃ x))

    c is the gate of `CA`, s that of `SA`; means run over the positions; D₁ to D₄ have biases.

    Trainable parameters, on images: 4Ch + 4h + 2k² + 2.

    Args:
        reduction: Ratio of the channels to the units of the bottlenecks, at least 1; they
            have h = max(8, floor(C / reduction)).
        kernel_size: Side of the spatial gate's kernel, a positive odd integer.
        **kwargs: `data_format`, and the arguments of `keras.layers.Layer`.

    Call arguments:
        x: The feature map: (B, *positions, C), or (B, C, *positions) in channels_first, with
            one to three spatial axes.

    Output shape: that of x.

    Raises:
        ValueError: If an argument is out of its range; at build, if the
            channels are undefined or there are not one to three spatial axes.

    Source: arXiv:2601.07310.

    Example:
        >>> import numpy as np
        >>> from keras_attn.layers import GCSA2
        >>> layer = GCSA2()
        >>> tuple(layer(np.ones((2, 8, 8, 32), "float32")).shape)
        (2, 8, 8, 32)
    """

    torch_names: ClassVar = {**Topology.torch_names, "mixing": ""}

    def __init__(self, reduction: float = 16, kernel_size: int = 7, **kwargs: Any) -> None:
        super().__init__(reduction=reduction, kernel_size=kernel_size, **kwargs)
        self.mixing = self.add_gate(GlobalLocalMixingGate, reduction=reduction)

    def compute_gates(self, x: Tensor) -> dict[str, Tensor]:
        """Both gates of x, and their weights."""
        return {"channel": self.channel(x), "spatial": self.spatial(x), "mixing": self.mixing(x)}

    def attend(self, x: Tensor, channel: Tensor, spatial: Tensor, mixing: Tensor) -> Tensor:
        """The map under the weighted sum of both gates."""
        channel_weight, spatial_weight = self.split(mixing, 2)
        return times(x, plus(channel_weight * channel, spatial_weight * spatial))


@register_keras_serializable(package="keras_attn")
class TGPFA(Topology):
    """Identity, channel and spatial attention side by side, weighted per sample (TGPFA).

        y = x · (w₁ + w₂ c(x) + w₃ s(x)),   w = softmax(D₂ relu(D₁ mean x))

    c is the gate of `CA`, s that of `SA`; the mean runs over the positions; D₁, D₂ have biases.

    Trainable parameters, on images: 3Ch + 4h + 2k² + 3.

    Args:
        reduction: Ratio of the channels to the units of the bottlenecks, at least 1; they
            have h = max(8, floor(C / reduction)).
        kernel_size: Side of the spatial gate's kernel, a positive odd integer.
        **kwargs: `data_format`, and the arguments of `keras.layers.Layer`.

    Call arguments:
        x: The feature map: (B, *positions, C), or (B, C, *positions) in channels_first, with
            one to three spatial axes.

    Output shape: that of x.

    Raises:
        ValueError: If an argument is out of its range; at build, if the
            channels are undefined or there are not one to three spatial axes.

    Source: arXiv:2601.07310.

    Example:
        >>> import numpy as np
        >>> from keras_attn.layers import TGPFA
        >>> layer = TGPFA()
        >>> tuple(layer(np.ones((2, 8, 8, 32), "float32")).shape)
        (2, 8, 8, 32)
    """

    torch_names: ClassVar = {**Topology.torch_names, "mixing": "gate"}

    def __init__(self, reduction: float = 16, kernel_size: int = 7, **kwargs: Any) -> None:
        super().__init__(reduction=reduction, kernel_size=kernel_size, **kwargs)
        self.mixing = self.add_gate(MixingGate, branches=3, reduction=reduction)

    def compute_gates(self, x: Tensor) -> dict[str, Tensor]:
        """Both gates of x, and the weights of identity, channel and spatial branch."""
        mean, maximum = self.channel.pooled(x)
        return {
            "channel": self.channel.from_pooled([mean, maximum], like=x),
            "spatial": self.spatial(x),
            "mixing": self.mixing.from_pooled([mean], like=x),
        }

    def attend(self, x: Tensor, channel: Tensor, spatial: Tensor, mixing: Tensor) -> Tensor:
        """The map under the weighted sum of identity and both gates."""
        identity_weight, channel_weight, spatial_weight = self.split(mixing, 3)
        gain = plus(identity_weight + channel_weight * channel, spatial_weight * spatial)
        return times(x, gain)
