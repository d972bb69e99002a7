"""Parallel topologies: both gates read the input, and a fusion weights the branches."""

from __future__ import annotations

from typing import ClassVar

from keras.saving import register_keras_serializable

from keras_attn.gates import BlendGate, GlobalLocalMixingGate, MixingGate
from keras_attn.kernels import Tensor, plus
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
        return self.times(x, 0.5 * plus(channel, spatial))


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
        >>> from keras_attn.layers import CSAFA
        >>> layer = CSAFA()
        >>> tuple(layer(np.ones((2, 8, 8, 32), "float32")).shape)
        (2, 8, 8, 32)
    """

    torch_names: ClassVar = {**Topology.torch_names, "blend.logit": "gamma"}

    def add_gates(self) -> None:
        """Adds one gate to those of the base."""
        super().add_gates()
        self.blend = self.add_gate(BlendGate)

    def compute_gates(self, x: Tensor) -> dict[str, Tensor]:
        """Both gates of x, and the learned share of the channel gate."""
        return {"channel": self.channel(x), "spatial": self.spatial(x), "blend": self.blend(x)}

    def attend(self, x: Tensor, channel: Tensor, spatial: Tensor, blend: Tensor) -> Tensor:
        """The map under both gates in their learned shares."""
        return self.times(x, plus(blend * channel, (1 - blend) * spatial))


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
        >>> from keras_attn.layers import GCSA2
        >>> layer = GCSA2()
        >>> tuple(layer(np.ones((2, 8, 8, 32), "float32")).shape)
        (2, 8, 8, 32)
    """

    used_elsewhere: ClassVar = ("reduction",)
    torch_names: ClassVar = {**Topology.torch_names, "mixing": ""}

    def add_gates(self) -> None:
        """Adds one gate to those of the base."""
        super().add_gates()
        self.mixing = self.add_gate(GlobalLocalMixingGate, reduction=self.reduction)

    def compute_gates(self, x: Tensor) -> dict[str, Tensor]:
        """Both gates of x, and their weights."""
        return {"channel": self.channel(x), "spatial": self.spatial(x), "mixing": self.mixing(x)}

    def attend(self, x: Tensor, channel: Tensor, spatial: Tensor, mixing: Tensor) -> Tensor:
        """The map under the weighted sum of both gates."""
        channel_weight, spatial_weight = self.split(mixing, 2)
        return self.times(x, plus(channel_weight * channel, spatial_weight * spatial))


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
        >>> from keras_attn.layers import TGPFA
        >>> layer = TGPFA()
        >>> tuple(layer(np.ones((2, 8, 8, 32), "float32")).shape)
        (2, 8, 8, 32)
    """

    used_elsewhere: ClassVar = ("reduction",)
    torch_names: ClassVar = {**Topology.torch_names, "mixing": "gate"}

    def add_gates(self) -> None:
        """Adds one gate to those of the base."""
        super().add_gates()
        self.mixing = self.add_gate(MixingGate, branches=3, reduction=self.reduction)

    def compute_gates(self, x: Tensor) -> dict[str, Tensor]:
        """Both gates of x, and the weights of identity, channel and spatial branch."""
        return {"channel": self.channel(x), "spatial": self.spatial(x), "mixing": self.mixing(x)}

    def attend(self, x: Tensor, channel: Tensor, spatial: Tensor, mixing: Tensor) -> Tensor:
        """The map under the weighted sum of identity and both gates."""
        identity_weight, channel_weight, spatial_weight = self.split(mixing, 3)
        gain = plus(identity_weight + channel_weight * channel, spatial_weight * spatial)
        return self.times(x, gain)
