"""CPCA: channel attention, then one spatial map per channel."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

from keras import ops
from keras.saving import register_keras_serializable

from keras_attn.gates import ChannelGate, Gate
from keras_attn.gates.direct_call import called
from keras_attn.gates.parts import dense, depthwise_convolution, size
from keras_attn.kernels import Tensor
from keras_attn.layers.base import AttentionLayer

#: The square kernel, then the strips: each a row and the column that follows it.
KERNEL_SIZES = ((5, 5), (1, 7), (7, 1), (1, 11), (11, 1), (1, 21), (21, 1))


@register_keras_serializable(package="keras_attn")
class CPCA(AttentionLayer):
    """Channel prior convolutional attention (CPCA): channel, then spatial attention by channel.

        y = L(L S(u) · u),   u = z · c(z),   z = gelu(L x)
        c(z) = σ(D₂ relu(D₁ mean z)) + σ(D₂ relu(D₁ max z))
        S(u) = d + K₇ d + K₁₁ d + K₂₁ d,   d = K₅ u

    L is one layer, dense over the channels of each position, used three times. D₁ and D₂ are
    dense, around m = floor(C / reduction) units. K₅ is a 5x5 convolution and Kₖ a 1xk after it a
    kx1 one, all depth-wise and zero-padded. All have biases; gelu is the exact one.

    Trainable parameters: C² + 2Cm + m + 112C.

    Fidelity:
        The authors' code is followed: the sigmoids of the two pools are added, so that the channel
        gate runs from 0 to 2; the spatial map has no sigmoid; one and the same L enters, mixes
        the spatial map and leaves. The module mixes channels even where its gates are constant:
        it replaces a block of a network and is more than a gate.

    Args:
        reduction: Ratio of the channels to the units of the bottleneck, at least 1.
        **kwargs: `data_format`, and the arguments of `keras.layers.Layer`.

    Call arguments:
        x: The feature map: (B, H, W, C), or (B, C, H, W) in channels_first.

    Output shape: that of x.

    Raises:
        ValueError: If `reduction` is below 1; at build, if there are fewer channels than
            `reduction` or they are undefined, or if there are not two spatial axes.

    Source: arXiv:2306.05196.

    Example:
        >>> import numpy as np
        >>> from keras_attn.layers import CPCA
        >>> layer = CPCA()
        >>> tuple(layer(np.ones((2, 8, 8, 32), "float32")).shape)
        (2, 8, 8, 32)
    """

    spatial_ranks: ClassVar = (2,)

    torch_names: ClassVar = {
        "projection.dense": "conv",
        "channel.bottleneck.squeeze": "ca.fc1",
        "channel.bottleneck.expand": "ca.fc2",
        "spatial.convolutions": "dconv{gate.kernel_size[0]}_{gate.kernel_size[1]}",
    }

    def __init__(self, reduction: float = 4, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.reduction = reduction
        self.projection = self.add_gate(Projection, dtype=self.wide_range_policy)
        self.channel = self.add_gate(SummedChannelGate, reduction=reduction)
        self.spatial = self.add_gate(MultiScaleGate, dtype=self.wide_range_policy)

    def call(self, x: Tensor) -> Tensor:
        """The attended map."""
        with self._reading.of_one_call(mask=None):
            z = self._entered(x)
            gates = self._gates_of(z)
            y = self.projection(z * gates["channel"] * gates["spatial"])
        return ops.cast(y, self.compute_dtype)

    def compute_gates(self, x: Tensor) -> dict[str, Tensor]:
        """The gates of z: the channel gate, and the spatial gate of the map under it."""
        gates = self._gates_of(self._entered(x))
        return {name: ops.cast(gate, self.compute_dtype) for name, gate in gates.items()}

    def macs(self, input_shape: tuple[int, ...]) -> int:
        """The gates once, L three times."""
        return super().macs(input_shape) + 2 * self.projection.macs(input_shape)

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        return {**super().get_config(), "reduction": self.reduction}

    def _entered(self, x: Tensor) -> Tensor:
        # The products and sums of the map may exceed the range of float16.
        features = self.projection(ops.cast(x, self.projection.compute_dtype))
        # Not `ops.gelu`: TensorFlow's rounds the root of 2 to float32, for float64 maps too.
        return features * (1 + ops.erf(features * 2**-0.5)) / 2

    def _gates_of(self, z: Tensor) -> dict[str, Tensor]:
        channel = self.channel(z)
        return {"channel": channel, "spatial": self.projection(self.spatial(z * channel))}


class Projection(Gate):
    """L: a dense layer over the channels of each position, with biases.

    Output: the shape of x.
    """

    def build(self, input_shape: tuple[int | None, ...]) -> None:
        """Makes the layer."""
        super().build(input_shape)
        self.dense = dense(self.channels, self.channels, dtype=self.dtype_policy)

    def call(self, x: Tensor) -> Tensor:
        """The mixed channels of map x."""
        return self.restored(called(self.dense, self.channels_last(x)), like=x)

    def macs(self, input_shape: tuple[int, ...]) -> int:
        """The layer at every position."""
        return size(self.dense.kernel) * self.positions(input_shape)


class SummedChannelGate(ChannelGate):
    """c(x) = sum over pools p of sigmoid(expand(relu(squeeze(p(x))))), with biases.

    Args:
        reduction: The bottleneck has floor(C / reduction) units.
        **kwargs: Arguments of `Gate`.

    Output: (B, 1, 1, C), or (B, C, 1, 1) in channels_first.
    """

    def __init__(self, reduction: float, **kwargs: Any) -> None:
        super().__init__(reduction, use_bias=True, minimum=0, **kwargs)

    def from_pooled(self, pooled: Sequence[Tensor], like: Tensor) -> Tensor:
        """The gate of a map with these statistics, in the dtype of `like`."""
        gates = ops.sum(ops.sigmoid(self.logits_of_pools(pooled)), axis=0)
        return self.as_channel_map(gates, like)


class MultiScaleGate(Gate):
    """S(x): a square kernel, and the sum of what it gives and its strips of several lengths.

    Output: the shape of x.
    """

    def build(self, input_shape: tuple[int | None, ...]) -> None:
        """Makes the convolutions."""
        super().build(input_shape)
        self.convolutions = [
            depthwise_convolution(kernel_size, self.channels, dtype=self.dtype_policy)
            for kernel_size in KERNEL_SIZES
        ]

    def call(self, x: Tensor) -> Tensor:
        """The sum of all scales."""
        square, *strips = self.convolutions
        features = square(self.channels_last(x))
        scales = (
            column(row(features)) for row, column in zip(strips[::2], strips[1::2], strict=True)
        )
        return self.restored(sum(scales, start=features), like=x)

    def macs(self, input_shape: tuple[int, ...]) -> int:
        """All convolutions at every position."""
        return sum(size(each.kernel) for each in self.convolutions) * self.positions(input_shape)
