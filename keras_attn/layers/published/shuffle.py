"""Shuffle attention: half of the channels weighed by channel, half by position."""

from __future__ import annotations

from typing import Any, ClassVar

from keras import ops
from keras.saving import register_keras_serializable

from keras_attn.checks import check_whole_number
from keras_attn.gates import Gate
from keras_attn.gates.shuffle import shuffle_channels
from keras_attn.kernels import Tensor, accumulation_dtype, normalized
from keras_attn.layers.base import AttentionLayer

#: A logit whose sigmoid is 1 in every dtype.
OPEN = 100.0


@register_keras_serializable(package="keras_attn")
class ShuffleAttention(AttentionLayer):
    """Shuffle attention (SA-Net): channel gates for half the channels, spatial for the others.

        y = shuffle([x₁ · c(x₁); x₂ · s(x₂)])
        c(x₁) = σ(w₁ · mean x₁ + b₁),   s(x₂) = σ(w₂ · N(x₂) + b₂)

    The channels are cut into `groups` contiguous groups, and x₁ and x₂ are the halves of a group,
    C / (2 · groups) channels each. All groups share the weights w₁, b₁, w₂ and b₂, one number
    per channel of a half. The mean runs over the positions; N normalises each channel of a sample
    over its positions, with a scale and an offset of its own (epsilon 1e-5). Channel 2j + i of
    the result is channel i · C / 2 + j of the groups put side by side again.

    Trainable parameters: 3C / groups, six numbers per channel of a half.

    Fidelity:
        Paper and authors' code agree. As in the code w₁ and w₂ start at 0 and b₁ and b₂ at 1, so
        that all gates start at σ(1) = 0.731.

    Args:
        groups: Into how many groups the channels are cut, a positive integer.
        **kwargs: `data_format`, and the arguments of `keras.layers.Layer`.

    Call arguments:
        x: The feature map: (B, *positions, C), or (B, C, *positions) in channels_first, with
            one to three spatial axes.

    Output shape: that of x.

    Raises:
        ValueError: If `groups` is not a positive integer; at build, if 2 · `groups` does not
            divide the channels or they are undefined, or if there are not one to three spatial
            axes.

    Source: arXiv:2102.00240.

    Example:
        >>> import numpy as np
        >>> from keras_attn.layers import ShuffleAttention
        >>> layer = ShuffleAttention(groups=4)
        >>> tuple(layer(np.ones((2, 8, 8, 32), "float32")).shape)
        (2, 8, 8, 32)
    """

    torch_names: ClassVar = {
        "channel.weight": "cweight",
        "channel.bias": "cbias",
        "spatial.weight": "sweight",
        "spatial.bias": "sbias",
        "spatial.scale": "gn.weight",
        "spatial.offset": "gn.bias",
    }

    def __init__(self, groups: int = 64, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.groups = check_whole_number("groups", groups, least=1)
        self.channel = self.add_gate(FirstHalvesGate, groups=groups)
        self.spatial = self.add_gate(SecondHalvesGate, groups=groups)

    def compute_gates(self, x: Tensor) -> dict[str, Tensor]:
        """The channel gate, 1 on second halves, and the spatial gate, 1 on first halves."""
        return {"channel": self.channel(x), "spatial": self.spatial(x)}

    def attend(self, x: Tensor, channel: Tensor, spatial: Tensor) -> Tensor:
        """The map under both gates, its channels shuffled."""
        return shuffle_channels(x * (channel * spatial), self.channel_axis(x.shape), groups=2)

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        return {**super().get_config(), "groups": self.groups}


class HalvesGate(Gate):
    """sigmoid(w v + b) for a half of every group of channels, w and b shared by the groups.

    The other halves have w = 0 and b = `OPEN`: to cut a map into halves of a few channels takes
    longer than the arithmetic of whole maps.

    Args:
        groups: How many groups.
        **kwargs: Arguments of `Gate`.
    """

    takes_mask: ClassVar = True

    #: Which half of each group is gated, 0 or 1.
    gated_half: ClassVar[int]

    def __init__(self, groups: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.groups = groups

    def build(self, input_shape: tuple[int | None, ...]) -> None:
        """Makes w and b, in their published shape."""
        super().build(input_shape)
        if self.channels % (2 * self.groups):
            raise ValueError(
                f"With groups={self.groups} the channels are cut into {2 * self.groups} equal "
                f"parts, two per group. Received a map of {self.channels} channels; give it a "
                f"multiple of {2 * self.groups}, or choose fewer groups."
            )
        self.half = self.channels // (2 * self.groups)
        shape = (1, self.half, 1, 1)
        self.weight = self.add_weight(shape=shape, initializer="zeros", name="weight")
        self.bias = self.add_weight(shape=shape, initializer="ones", name="bias")

    def shared(self, weight: Any) -> Tensor:
        """(half,): numbers that all groups share, in float32 or wider."""
        return ops.cast(ops.reshape(weight, (self.half,)), accumulation_dtype(weight.dtype))

    def of_all_channels(self, scale: Tensor, offset: Tensor) -> tuple[Tensor, Tensor]:
        """(half,), (half,) -> (C,), (C,): in the gated half of each group; 0 and `OPEN` elsewhere.

        By a matrix product: `ops.tile` is slow inside the loops over the map that XLA and
        torch.compile make, and so is its gradient, a sum that XLA joins to the sums before it.
        """
        channels = ops.arange(self.channels)
        is_gated = channels // self.half % 2 == self.gated_half
        column = ops.where(is_gated, channels % self.half, self.half)
        table = ops.expand_dims(ops.arange(self.half + 1), 1) == column
        elsewhere = ops.convert_to_tensor([[0.0], [OPEN]], dtype=scale.dtype)
        pairs = ops.concatenate([ops.stack([scale, offset]), elsewhere], axis=1)
        repeated = ops.matmul(pairs, ops.cast(table, scale.dtype))
        return repeated[0], repeated[1]

    def macs(self, input_shape: tuple[int, ...]) -> int:
        """None: it multiplies element by element."""
        return 0


class FirstHalvesGate(HalvesGate):
    """sigmoid(w mean x + b) on the first half of each group, 1 on the second.

    Args:
        groups: How many groups.
        **kwargs: Arguments of `Gate`.

    Output: (B, 1, 1, C), or (B, C, 1, 1) in channels_first.
    """

    gated_half: ClassVar = 0

    def call(self, x: Tensor) -> Tensor:
        """The gate of map x."""
        weight, bias = self.of_all_channels(self.shared(self.weight), self.shared(self.bias))
        return self.as_channel_map(ops.sigmoid(weight * self.mean_vector(x) + bias), like=x)


class SecondHalvesGate(HalvesGate):
    """sigmoid(w N(x) + b) on the second half of each group, 1 on the first.

    Args:
        groups: How many groups.
        **kwargs: Arguments of `Gate`.

    Output: the shape of x.
    """

    gated_half: ClassVar = 1

    def build(self, input_shape: tuple[int | None, ...]) -> None:
        """Makes w and b, and the scale and the offset of N."""
        super().build(input_shape)
        self.scale = self.add_weight(shape=(self.half,), initializer="ones", name="scale")
        self.offset = self.add_weight(shape=(self.half,), initializer="zeros", name="offset")

    def call(self, x: Tensor) -> Tensor:
        """The gate of map x."""
        gate = ops.sigmoid(self.logits(self.channels_last(x)))
        return self.restored(ops.cast(gate, x.dtype), like=x)

    def logits(self, features: Tensor) -> Tensor:
        """The logits w N(x) + b of (B, *positions, C), in float32 or wider."""
        weight, bias, scale, offset = map(
            self.shared, (self.weight, self.bias, self.scale, self.offset)
        )
        # w and b change the scale and the offset of N, which costs nothing for each position.
        scale, offset = self.of_all_channels(weight * scale, weight * offset + bias)
        return normalized(
            features,
            tuple(range(1, self.rank - 1)),
            None if self.position_mask is None else ops.expand_dims(self.position_mask, -1),
            scale=scale,
            offset=offset,
        )
