"""Efficient local attention: rows and columns that look at their neighbours."""

from __future__ import annotations

from typing import Any, ClassVar

from keras.saving import register_keras_serializable

from keras_attn.gates.local_strips import LocalStripGate
from keras_attn.kernels import Tensor
from keras_attn.layers.base import AttentionLayer


@register_keras_serializable(package="keras_attn")
class ELA(AttentionLayer):
    """Efficient local attention (ELA): weighs rows and columns by the means of their neighbours.

        y = x · h(x) · w(x)
        h(x) = σ(GN(k * mean over the width x)),   w(x) = σ(GN(k * mean over the height x))

    k is one kernel per channel, correlated along the strip, which is padded with zeros; no biases.
    GN normalises every group of channels over the strip (epsilon 1e-5). Both directions share k
    and GN.

    Trainable parameters: (kernel_size + 2) C.

    Fidelity:
        The authors have published no repository; the listing in the paper is followed. Its
        versions: B, the default here; T, `kernel_size=5, groups=32`. S and L, with kernels of 5
        and 7 that mix eight channels each, are not here. timm's module of a similar name
        (EfficientLocalAttn) has kernels and normalisations of its own for each direction, one
        group, and a SiLU before the sigmoid.

    Args:
        kernel_size: Length of the kernels, a positive odd integer.
        groups: In how many groups of contiguous channels GN normalises; a divisor of C.
        **kwargs: `data_format`, and the arguments of `keras.layers.Layer`.

    Call arguments:
        x: The feature map: (B, H, W, C), or (B, C, H, W) in channels_first.

    Output shape: that of x.

    Raises:
        ValueError: If an argument is out of its range; at build, if the channels are not a multiple
            of `groups` or undefined, or if there are not two spatial axes.

    Source: arXiv:2403.01123.

    Example:
        >>> import numpy as np
        >>> from keras_attn.layers import ELA
        >>> layer = ELA()
        >>> tuple(layer(np.ones((2, 8, 8, 32), "float32")).shape)
        (2, 8, 8, 32)
    """

    spatial_ranks: ClassVar = (2,)
    torch_names: ClassVar = {"local": ""}

    def __init__(self, kernel_size: int = 7, groups: int = 16, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.kernel_size = kernel_size
        self.groups = groups
        self.local = self.add_gate(LocalStripGate, kernel_size=kernel_size, groups=groups)

    def compute_gates(self, x: Tensor) -> dict[str, Tensor]:
        """The gates of the rows and of the columns of x."""
        height, width = self.local.directions(x)
        return {"height": height, "width": width}

    def attend(self, x: Tensor, height: Tensor, width: Tensor) -> Tensor:
        """The map under the product of both gates."""
        return self.times(x, height * width)

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        return {
            **super().get_config(),
            "kernel_size": self.kernel_size,
            "groups": self.groups,
        }
