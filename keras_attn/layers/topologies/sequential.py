"""Sequential topologies: one gate reads what another has let through."""

from __future__ import annotations

from typing import ClassVar

from keras.saving import register_keras_serializable

from keras_attn.kernels import Tensor
from keras_attn.layers.topologies.topology import Topology


@register_keras_serializable(package="keras_attn")
class CSA(Topology):
    """Channel, then spatial attention (CSA): the order of CBAM.

        y = x · c(x) · s(x c)

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
        >>> from keras_attn.layers import CSA
        >>> layer = CSA()
        >>> tuple(layer(np.ones((2, 8, 8, 32), "float32")).shape)
        (2, 8, 8, 32)
    """

    def compute_gates(self, x: Tensor) -> dict[str, Tensor]:
        """The channel gate of x, and the spatial gate of what it lets through."""
        channel = self.channel(x)
        return {"channel": channel, "spatial": self.spatial(x, under=channel)}

    def attend(self, x: Tensor, channel: Tensor, spatial: Tensor) -> Tensor:
        """The map under one gate, then the other."""
        return self.times(x, channel, spatial)


@register_keras_serializable(package="keras_attn")
class SCA(Topology):
    """Spatial, then channel attention (SCA).

        y = x · s(x) · c(x s)

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
        >>> from keras_attn.layers import SCA
        >>> layer = SCA()
        >>> tuple(layer(np.ones((2, 8, 8, 32), "float32")).shape)
        (2, 8, 8, 32)
    """

    def compute_gates(self, x: Tensor) -> dict[str, Tensor]:
        """The spatial gate of x, and the channel gate of what it lets through."""
        spatial = self.spatial(x)
        return {"spatial": spatial, "channel": self.channel(x, under=spatial)}

    def attend(self, x: Tensor, spatial: Tensor, channel: Tensor) -> Tensor:
        """The map under one gate, then the other."""
        return self.times(x, spatial, channel)


@register_keras_serializable(package="keras_attn")
class CSCA(Topology):
    """Channel, spatial, and once more channel attention (CSCA).

        y = x · c(x) · s(x c) · c'(x c s)

    c and c' are separate gates as in `CA`, s the gate of `SA`.

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
        >>> from keras_attn.layers import CSCA
        >>> layer = CSCA()
        >>> tuple(layer(np.ones((2, 8, 8, 32), "float32")).shape)
        (2, 8, 8, 32)
    """

    torch_names: ClassVar = {"channel": "ca1", "spatial": "sa", "channel_2": "ca2"}

    def add_gates(self) -> None:
        """Adds one gate to those of the base."""
        super().add_gates()
        self.channel_2 = self.new_channel()

    def compute_gates(self, x: Tensor) -> dict[str, Tensor]:
        """Each gate reads what the gates before it have let through."""
        channel = self.channel(x)
        spatial = self.spatial(x, under=channel)
        channel_2 = self.channel_2(x, under=(channel, spatial))
        return {"channel": channel, "spatial": spatial, "channel_2": channel_2}

    def attend(self, x: Tensor, channel: Tensor, spatial: Tensor, channel_2: Tensor) -> Tensor:
        """The map under one gate after the other."""
        return self.times(x, spatial, channel * channel_2)


@register_keras_serializable(package="keras_attn")
class SCSATopology(Topology):
    """Spatial, channel, and once more spatial attention (SCSA).

        y = x · s(x) · c(x s) · s'(x s c)

    s and s' are separate gates as in `SA`, c the gate of `CA`.

    Trainable parameters, on images: 2Ch + 4k².

    Not the synergistic attention of arXiv:2407.05128, which has the same acronym.

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
        >>> from keras_attn.layers import SCSATopology
        >>> layer = SCSATopology()
        >>> tuple(layer(np.ones((2, 8, 8, 32), "float32")).shape)
        (2, 8, 8, 32)
    """

    torch_names: ClassVar = {"spatial": "sa1", "channel": "ca", "spatial_2": "sa2"}

    def add_gates(self) -> None:
        """Adds one gate to those of the base."""
        super().add_gates()
        self.spatial_2 = self.new_spatial()

    def compute_gates(self, x: Tensor) -> dict[str, Tensor]:
        """Each gate reads what the gates before it have let through."""
        spatial = self.spatial(x)
        channel = self.channel(x, under=spatial)
        spatial_2 = self.spatial_2(x, under=(spatial, channel))
        return {"spatial": spatial, "channel": channel, "spatial_2": spatial_2}

    def attend(self, x: Tensor, spatial: Tensor, channel: Tensor, spatial_2: Tensor) -> Tensor:
        """The map under one gate after the other."""
        return self.times(x, channel, spatial * spatial_2)
