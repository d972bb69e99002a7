"""Basic topologies: a single gate."""

from __future__ import annotations

from typing import Any, ClassVar

from keras.saving import register_keras_serializable

from keras_attn.kernels import Tensor
from keras_attn.layers.topologies.topology import CHANNEL, SPATIAL, GatedLayer


@register_keras_serializable(package="keras_attn")
class CA(GatedLayer):
    """Channel attention (CA): weighs channels by their pooled mean and maximum.

        y = x · c(x)
        c(x) = σ(D₂ relu(D₁ mean x) + D₂ relu(D₁ max x))

    Mean and max run over the positions; D₁ and D₂ are dense, without biases, shared by both.

    Trainable parameters, on images: 2Ch.

    Args:
        reduction: Ratio of the channels to the units of the bottlenecks, at least 1; they
            have h = max(8, floor(C / reduction)).
        channel: The channel gate: a key of `keras_attn.list_gates("channel")`, with arguments as
            in `"se(reduction=8)"` or without, or a gate.
        **kwargs: `data_format`, and the arguments of `keras.layers.Layer`.

    Call arguments:
        x: The feature map: (B, *positions, C), or (B, C, *positions) in channels_first, with
            one to three spatial axes.

    Output shape: that of x.

    Raises:
        ValueError: If `reduction` is below 1; at build, if the
            channels are undefined or there are not one to three spatial axes.

    Source: arXiv:2601.07310.

    Example:
        >>> import numpy as np
        >>> from keras_attn.layers import CA
        >>> layer = CA()
        >>> tuple(layer(np.ones((2, 8, 8, 32), "float32")).shape)
        (2, 8, 8, 32)
    """

    torch_names: ClassVar = {"channel": ""}

    def __init__(self, reduction: float = 16, channel: Any = CHANNEL, **kwargs: Any) -> None:
        super().__init__(channel=channel, **kwargs)
        self.reduction = reduction
        self.channel = self.new_gate("channel", reduction=reduction)

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
            **self.specified("channel"),
        }


@register_keras_serializable(package="keras_attn")
class SA(GatedLayer):
    """Spatial attention (SA): weighs positions by the mean and maximum of their channels.

        y = x · s(x)
        s(x) = σ(K [mean x; max x])

    Mean and max run over the channels; K is a convolution of two maps to one, zero-padded,
    without bias or normalisation.

    Trainable parameters, on images: 2k².

    Args:
        kernel_size: Side of the spatial gate's kernel, a positive odd integer.
        spatial: The spatial gate: a key of `keras_attn.list_gates("spatial")`, likewise.
        **kwargs: `data_format`, and the arguments of `keras.layers.Layer`.

    Call arguments:
        x: The feature map: (B, *positions, C), or (B, C, *positions) in channels_first, with
            one to three spatial axes.

    Output shape: that of x.

    Raises:
        ValueError: If `kernel_size` is not a positive odd integer; at build, if the
            channels are undefined or there are not one to three spatial axes.

    Source: arXiv:2601.07310.

    Example:
        >>> import numpy as np
        >>> from keras_attn.layers import SA
        >>> layer = SA()
        >>> tuple(layer(np.ones((2, 8, 8, 32), "float32")).shape)
        (2, 8, 8, 32)
    """

    torch_names: ClassVar = {"spatial": ""}

    def __init__(self, kernel_size: int = 7, spatial: Any = SPATIAL, **kwargs: Any) -> None:
        super().__init__(spatial=spatial, **kwargs)
        self.kernel_size = kernel_size
        self.spatial = self.new_gate("spatial", kernel_size=kernel_size)

    def compute_gates(self, x: Tensor) -> dict[str, Tensor]:
        """The spatial gate of x."""
        return {"spatial": self.spatial(x)}

    def attend(self, x: Tensor, spatial: Tensor) -> Tensor:
        """The map under its gate."""
        return self.times(x, spatial)

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        return {
            **super().get_config(),
            "kernel_size": self.kernel_size,
            **self.specified("spatial"),
        }
