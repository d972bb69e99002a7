"""Frequency channel attention: squeeze-and-excitation that pools by more than the mean."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

from keras.saving import register_keras_serializable

from keras_attn.gates.frequency import FrequencyGate
from keras_attn.kernels import Tensor
from keras_attn.layers.base import AttentionLayer


@register_keras_serializable(package="keras_attn")
class FCA(AttentionLayer):
    """Frequency channel attention (FCA): weighs channels by parts of their cosine transform.

        y = x · σ(D₂ relu(D₁ Σ x B))

    B is a basis function of the two-dimensional discrete cosine transform for every channel, and
    the sum runs over the positions. The channels are cut into as many contiguous parts as there
    are frequencies, and all channels of a part have one. A map of another size than the basis is
    brought to it by adaptive average pooling first. D₁ and D₂ are dense, without biases, around
    m = floor(C / reduction) units.

    Trainable parameters: 2Cm. B is a weight that is not trained.

    Fidelity:
        The authors' code is followed: the factors of B have norm one, and its products with x are
        summed, not averaged, so that frequency (0, 0) alone is √(HW) times the mean. The
        frequencies are ranked for a basis of 7 x 7 and multiplied by floor(side / 7) for another;
        with a side below 7 only frequency 0 is left. The authors' networks have a side of 56, 28,
        14 and 7 at their four stages; here one size, 7, is the default, whatever the map.

    Args:
        reduction: Ratio of the channels to the units of the bottleneck, at least 1.
        frequencies: `"top"` (the best one by one), `"low"` or `"bot"` (the worst), followed by how
            many: 1, 2, 4, 8, 16 or 32.
        dct_size: Side of the basis, or its height and width, positive integers.
        **kwargs: `data_format`, and the arguments of `keras.layers.Layer`.

    Call arguments:
        x: The feature map: (B, H, W, C), or (B, C, H, W) in channels_first.

    Output shape: that of x.

    Raises:
        ValueError: If an argument is out of its range; at build, if there are fewer channels than
            `reduction`, if the frequencies do not divide them or they are undefined, or if there
            are not two spatial axes.

    Source: arXiv:2012.11879.

    Example:
        >>> import numpy as np
        >>> from keras_attn.layers import FCA
        >>> layer = FCA()
        >>> tuple(layer(np.ones((2, 8, 8, 32), "float32")).shape)
        (2, 8, 8, 32)
    """

    spatial_ranks: ClassVar = (2,)

    torch_names: ClassVar = {"channel": ""}

    def __init__(
        self,
        reduction: float = 16,
        frequencies: str = "top16",
        dct_size: int | Sequence[int] = 7,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.reduction = reduction
        self.frequencies = frequencies
        self.channel = self.add_gate(
            FrequencyGate,
            reduction=reduction,
            frequencies=frequencies,
            dct_size=dct_size,
        )
        self.dct_size = dct_size if isinstance(dct_size, int) else self.channel.dct_size

    def compute_gates(self, x: Tensor) -> dict[str, Tensor]:
        """The channel gate of x."""
        return {"channel": self.channel(x)}

    def attend(self, x: Tensor, channel: Tensor) -> Tensor:
        """The map under its gate."""
        return self.times(x, channel)

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        return {
            **super().get_config(),
            "reduction": self.reduction,
            "frequencies": self.frequencies,
            "dct_size": self.dct_size,
        }
