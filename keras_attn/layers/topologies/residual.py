"""Residual topologies: channel, then spatial attention beside an identity path."""

from __future__ import annotations

from typing import ClassVar

from keras.saving import register_keras_serializable

from keras_attn.gates import BlendGate, MixingGate
from keras_attn.kernels import Tensor
from keras_attn.layers.topologies.sequential import CSA


@register_keras_serializable(package="keras_attn")
class RCSA(CSA):
    """Channel, then spatial attention, added to its input (RCSA).

        y = x + x · c(x) · s(x c)

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
        >>> from keras_attn.layers import RCSA
        >>> layer = RCSA()
        >>> tuple(layer(np.ones((2, 8, 8, 32), "float32")).shape)
        (2, 8, 8, 32)
    """

    def attend(self, x: Tensor, channel: Tensor, spatial: Tensor) -> Tensor:
        """The map and CSA of it."""
        return x + super().attend(x, channel, spatial)


@register_keras_serializable(package="keras_attn")
class ARCSA(CSA):
    """Channel, then spatial attention, and its input in learned shares (ARCSA).

        y = (1 - b) x + b · x · c(x) · s(x c),   b = σ(β)

    c is the gate of `CA`, s that of `SA`; β is one learned number, 0.5 at the start (b = 0.6225).

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
        >>> from keras_attn.layers import ARCSA
        >>> layer = ARCSA()
        >>> tuple(layer(np.ones((2, 8, 8, 32), "float32")).shape)
        (2, 8, 8, 32)
    """

    torch_names: ClassVar = {**CSA.torch_names, "blend.logit": "beta"}

    def add_gates(self) -> None:
        """Adds one gate to those of the base."""
        super().add_gates()
        self.blend = self.add_gate(BlendGate)

    def compute_gates(self, x: Tensor) -> dict[str, Tensor]:
        """The gates of CSA, and the learned share of the attended branch."""
        return {**super().compute_gates(x), "blend": self.blend(x)}

    def attend(self, x: Tensor, channel: Tensor, spatial: Tensor, blend: Tensor) -> Tensor:
        """The map and CSA of it in their learned shares."""
        return self.times(x, 1 - blend) + super().attend(x, channel, blend * spatial)


@register_keras_serializable(package="keras_attn")
class GRCSA(CSA):
    """Channel, then spatial attention, and its input, weighted per sample (GRCSA).

        y = (1 - g) x + g · x · c(x) · s(x c),   g = σ(D₂ relu(D₁ mean x))

    c is the gate of `CA`, s that of `SA`; the mean runs over the positions; D₁, D₂ have biases.

    Trainable parameters, on images: 3Ch + 2h + 2k² + 1.

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
        >>> from keras_attn.layers import GRCSA
        >>> layer = GRCSA()
        >>> tuple(layer(np.ones((2, 8, 8, 32), "float32")).shape)
        (2, 8, 8, 32)
    """

    used_elsewhere: ClassVar = ("reduction",)
    torch_names: ClassVar = {**CSA.torch_names, "mixing": "gate"}

    def add_gates(self) -> None:
        """Adds one gate to those of the base."""
        super().add_gates()
        self.mixing = self.add_gate(
            MixingGate, branches=1, reduction=self.reduction, activation="sigmoid"
        )

    def compute_gates(self, x: Tensor) -> dict[str, Tensor]:
        """The gates of CSA, and the share of the attended branch in each sample."""
        return {**super().compute_gates(x), "mixing": self.mixing(x)}

    def attend(self, x: Tensor, channel: Tensor, spatial: Tensor, mixing: Tensor) -> Tensor:
        """The map and CSA of it in the shares of the sample."""
        return self.times(x, 1 - mixing) + super().attend(x, channel, mixing * spatial)
