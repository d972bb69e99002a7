"""Bidirectional topologies, which are parallel: both orders of the two gates side by side."""

from __future__ import annotations

from typing import ClassVar

from keras.saving import register_keras_serializable

from keras_attn.gates import ChannelGate
from keras_attn.kernels import Tensor
from keras_attn.layers.topologies.topology import Topology


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
        channel: The channel gate: a key of `keras_attn.list_gates("channel")`, with arguments as
            in `"se(reduction=8)"` or without, or a gate.
        spatial: The spatial gate: a key of `keras_attn.list_gates("spatial")`, likewise.
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
        channel_first = self.times(x, channel, spatial_after_channel)
        return channel_first + self.times(x, spatial, channel_after_spatial)

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
        channel: The channel gate: a key of `keras_attn.list_gates("channel")`, with arguments as
            in `"se(reduction=8)"` or without, or a gate.
        spatial: The spatial gate: a key of `keras_attn.list_gates("spatial")`, likewise.
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

    used_elsewhere: ClassVar = ("reduction",)
    torch_names: ClassVar = {**Topology.torch_names, "fusion": "ga"}

    def add_gates(self) -> None:
        """Adds one gate to those of the base."""
        super().add_gates()
        self.fusion = self.add_gate(ChannelGate, reduction=self.reduction, pools=("mean",))

    def compute_gates(self, x: Tensor) -> dict[str, Tensor]:
        """The gates of Bi-CSA, and the fusion gate of what Bi-CSA makes of x."""
        gates = super().compute_gates(x)
        means = [
            *self.fusion.pooled(x, under=(gates["channel"], gates["spatial_after_channel"])),
            *self.fusion.pooled(x, under=(gates["spatial"], gates["channel_after_spatial"])),
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
        return both + self.times(x, 1 - fusion)

    def macs(self, input_shape: tuple[int, ...]) -> int:
        """Those of Bi-CSA and of the fusion gate."""
        return super().macs(input_shape) + self.fusion.macs(input_shape)
