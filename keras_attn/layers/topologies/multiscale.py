"""Multi-scale topologies: several bottleneck widths or kernel sizes at once."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

from keras.saving import register_keras_serializable

from keras_attn.gates import MixingGate
from keras_attn.kernels import Tensor
from keras_attn.layers.topologies.branches import check_branches, new_scales
from keras_attn.layers.topologies.topology import CHANNEL, SPATIAL, GatedLayer


@register_keras_serializable(package="keras_attn")
class CMSSA(GatedLayer):
    """Channel, then multi-scale spatial attention, weighted per sample (C-MSSA).

        y = u · Σᵢ wᵢ sᵢ(u),   u = x · c(x),   w = softmax(D₂ relu(D₁ mean u))

    c is the gate of `CA`; sᵢ are gates as in `SA`, one per kernel size kᵢ; the weights read u,
    after the channel gate; D₁ and D₂ have biases.

    Trainable parameters, on images: 3Ch + h + n (h + 1) + 2 Σ kᵢ², n the number of kernel sizes.

    Args:
        reduction: Ratio of the channels to the units of the bottlenecks, at least 1; they
            have h = max(8, floor(C / reduction)).
        kernel_sizes: Sides of the spatial gates' kernels, distinct positive odd integers.
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
        >>> from keras_attn.layers import CMSSA
        >>> layer = CMSSA()
        >>> tuple(layer(np.ones((2, 8, 8, 32), "float32")).shape)
        (2, 8, 8, 32)
    """

    used_elsewhere: ClassVar = ("reduction",)
    torch_names: ClassVar = {
        "channel": "ca",
        "spatials": "sa_{gate.scale}",
        "mixing": "gate",
    }

    def __init__(
        self,
        reduction: float = 16,
        kernel_sizes: Sequence[int] = (3, 5, 7),
        channel: Any = CHANNEL,
        spatial: Any = SPATIAL,
        **kwargs: Any,
    ) -> None:
        super().__init__(channel=channel, spatial=spatial, **kwargs)
        self.reduction = reduction
        self.kernel_sizes = check_branches("kernel_sizes", kernel_sizes)
        self.channel = self.new_gate("channel", reduction=reduction)
        self.spatials = new_scales(self, "spatial", kernel_size=self.kernel_sizes)
        self.mixing = self.add_gate(
            MixingGate, branches=len(self.kernel_sizes), reduction=reduction
        )

    def compute_gates(self, x: Tensor) -> dict[str, Tensor]:
        """The channel gate of x; the spatial gates and their weights, of what it lets through."""
        channel = self.channel(x)
        return {
            "channel": channel,
            "mixing": self.mixing(x, under=channel),
            **{f"spatial_{gate.scale}": gate(x, under=channel) for gate in self.spatials},
        }

    def attend(self, x: Tensor, channel: Tensor, mixing: Tensor, **spatials: Tensor) -> Tensor:
        """The map under the channel gate, then under the weighted sum of the spatial gates."""
        weights = self.split(mixing, len(spatials))
        spatial = sum(w * s for w, s in zip(weights, spatials.values(), strict=True))
        return self.times(x, channel, spatial)

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        return {
            **super().get_config(),
            "reduction": self.reduction,
            "kernel_sizes": self.kernel_sizes,
            **self.specified("channel"),
            **self.specified("spatial"),
        }


@register_keras_serializable(package="keras_attn")
class MSCSA(GatedLayer):
    """Multi-scale channel, then spatial attention, weighted per sample (MSC-SA).

        y = u · s(u),   u = x · Σᵢ wᵢ cᵢ(x),   w = softmax(D₂ relu(D₁ mean x))

    cᵢ are gates as in `CA`, one per reduction rᵢ; s is the gate of `SA`; D₁ and D₂ have biases.

    Trainable parameters, on images: 2C Σ hᵢ + Ch + h + n (h + 1) + 2k², n the number of reductions.

    With the floor of 8 units several of the published branches have the same width: r = 8, 16 and
    32 up to C = 64, r = 16 and 32 up to C = 128.

    Args:
        reduction: Ratio of the channels to the units of the mixing gate's bottleneck, at
            least 1: h = max(8, floor(C / reduction)). It does not reach the channel gates.
        reductions: Distinct ratios, at least 1, one per channel gate: h_i = max(8, floor(C / r_i)).
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
        >>> from keras_attn.layers import MSCSA
        >>> layer = MSCSA()
        >>> tuple(layer(np.ones((2, 8, 8, 32), "float32")).shape)
        (2, 8, 8, 32)
    """

    used_elsewhere: ClassVar = ("reduction",)
    torch_names: ClassVar = {
        "channels": "ca_{gate.scale}",
        "mixing": "gate",
        "spatial": "sa",
    }

    def __init__(
        self,
        reduction: float = 16,
        reductions: Sequence[float] = (4, 8, 16, 32),
        kernel_size: int = 7,
        channel: Any = CHANNEL,
        spatial: Any = SPATIAL,
        **kwargs: Any,
    ) -> None:
        super().__init__(channel=channel, spatial=spatial, **kwargs)
        self.reduction = reduction
        self.reductions = check_branches("reductions", reductions)
        self.kernel_size = kernel_size
        self.channels = new_scales(self, "channel", reduction=self.reductions)
        self.mixing = self.add_gate(MixingGate, branches=len(self.reductions), reduction=reduction)
        self.spatial = self.new_gate("spatial", kernel_size=kernel_size)

    def compute_gates(self, x: Tensor) -> dict[str, Tensor]:
        """The channel gates of x and their weights; the spatial gate of what they let through."""
        channels = {f"channel_{gate.scale}": gate(x) for gate in self.channels}
        mixing = self.mixing(x)
        weights = self.split(mixing, len(channels))
        channel = sum(w * c for w, c in zip(weights, channels.values(), strict=True))
        return {
            **channels,
            "mixing": mixing,
            "channel": channel,
            "spatial": self.spatial(x, under=channel),
        }

    def attend(self, x: Tensor, channel: Tensor, spatial: Tensor, **branches: Tensor) -> Tensor:
        """The map under the mixed channel gate, then the spatial gate."""
        return self.times(x, channel, spatial)

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        return {
            **super().get_config(),
            "reduction": self.reduction,
            "reductions": self.reductions,
            "kernel_size": self.kernel_size,
            **self.specified("channel"),
            **self.specified("spatial"),
        }


@register_keras_serializable(package="keras_attn")
class CCMSSA(GatedLayer):
    """Channel attention, then a cascade of spatial attention from coarse to fine (C-CMSSA).

        y = S₃(S₅(S₇(x · c(x)))),   Sₖ(u) = u · sₖ(u)

    c is the gate of `CA`; sₖ are separate gates as in `SA` with kernels of 7, 5 and 3.

    Trainable parameters, on images: 2Ch + 2 Σ kᵢ².

    Args:
        reduction: Ratio of the channels to the units of the bottlenecks, at least 1; they
            have h = max(8, floor(C / reduction)).
        kernel_sizes: Sides of the three spatial gates' kernels, coarse to fine, positive
            odd integers.
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
        >>> from keras_attn.layers import CCMSSA
        >>> layer = CCMSSA()
        >>> tuple(layer(np.ones((2, 8, 8, 32), "float32")).shape)
        (2, 8, 8, 32)
    """

    torch_names: ClassVar = {
        "channel": "ca",
        "coarse": "sa_coarse",
        "medium": "sa_medium",
        "fine": "sa_fine",
    }

    def __init__(
        self,
        reduction: float = 16,
        kernel_sizes: Sequence[int] = (7, 5, 3),
        channel: Any = CHANNEL,
        spatial: Any = SPATIAL,
        **kwargs: Any,
    ) -> None:
        super().__init__(channel=channel, spatial=spatial, **kwargs)
        self.reduction = reduction
        self.kernel_sizes = check_branches("kernel_sizes", kernel_sizes, number=3)
        self.channel = self.new_gate("channel", reduction=reduction)
        self.coarse, self.medium, self.fine = new_scales(
            self, "spatial", kernel_size=self.kernel_sizes
        )

    def compute_gates(self, x: Tensor) -> dict[str, Tensor]:
        """Each gate reads what the gates before it have let through."""
        channel = self.channel(x)
        coarse = self.coarse(x, under=channel)
        medium = self.medium(x, under=(channel, coarse))
        fine = self.fine(x, under=(channel, coarse, medium))
        return {"channel": channel, "coarse": coarse, "medium": medium, "fine": fine}

    def attend(
        self, x: Tensor, channel: Tensor, coarse: Tensor, medium: Tensor, fine: Tensor
    ) -> Tensor:
        """The map under one gate after the other."""
        return self.times(x, channel, coarse * medium * fine)

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        return {
            **super().get_config(),
            "reduction": self.reduction,
            "kernel_sizes": self.kernel_sizes,
            **self.specified("channel"),
            **self.specified("spatial"),
        }
