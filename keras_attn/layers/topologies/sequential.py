"""Sequential topologies: one gate reads what the other has let through."""

from __future__ import annotations

from typing import Any, ClassVar

from keras.saving import register_keras_serializable

from keras_attn.gates import ChannelGate, SpatialGate
from keras_attn.gates.statistics import Tensor
from keras_attn.layers.topologies.topology import Topology


@register_keras_serializable(package="keras_attn")
class CSA(Topology):
    """Channel, then spatial attention (CSA, the order of CBAM).

        gain = c(x) * s(x c)

    Parameters: 2 C h + 2 k^2, with h = max(8, floor(C / reduction)) and k = kernel_size.

    Args:
        reduction: Ratio of the channels to the units of the channel gate's bottleneck.
        kernel_size: Odd side of the spatial gate's kernel.
        **kwargs: `data_format`, and the arguments of `keras.layers.Layer`.

    Input and output shape: (B, *positions, C), or (B, C, *positions) in channels_first, with
    one to three spatial axes.

    Source: arXiv:2601.07310.

    Example:
        >>> import numpy as np
        >>> from keras_attn.layers import CSA
        >>> layer = CSA(reduction=4)
        >>> layer(np.ones((2, 8, 8, 32), "float32")).shape == (2, 8, 8, 32)
        True
    """

    def compute_gates(self, x: Tensor) -> dict[str, Tensor]:
        """The channel gate of x, and the spatial gate of what it lets through."""
        channel = self.channel(x)
        return {"channel": channel, "spatial": self.spatial(x * channel)}

    def gain(self, channel: Tensor, spatial: Tensor) -> Tensor:  # type: ignore[override]
        """c * s."""
        return channel * spatial
