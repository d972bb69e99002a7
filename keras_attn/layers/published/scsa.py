"""SCSA, the synergy of spatial and channel attention: strips first, then self-attention."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, ClassVar

import keras
from keras import ops
from keras.saving import register_keras_serializable

from keras_attn.checks import check_choice, check_whole_number
from keras_attn.gates import Gate
from keras_attn.gates.checks import check_divisor, check_kernel_size
from keras_attn.gates.parts import (
    depthwise_convolution,
    group_normalization,
    published_initializer,
    size,
)
from keras_attn.gates.strips import StripGate
from keras_attn.kernels import Tensor, accumulation_dtype, maximum, mean, softmax, times
from keras_attn.layers.base import AttentionLayer

#: The published names of the four convolutions, shortest kernel first.
CONVOLUTION_NAMES = ("local_dwc", "global_dwc_s", "global_dwc_m", "global_dwc_l")
GATE_ACTIVATIONS = ("sigmoid", "softmax")
POOLS = {"mean": mean, "max": maximum}
WINDOW_POOLS = {"mean": ops.average_pool, "max": ops.max_pool}


@register_keras_serializable(package="keras_attn")
class SCSASynergistic(AttentionLayer):
    """Spatial and channel synergistic attention (SCSA): strips, then channels attend to channels.

        y = u · σ(mean(A V)),   u = x · h(x) · w(x),   A = softmax(Q Kᵀ / √d)
        h(x) = σ(GN₄([k₁ * z₁; k₂ * z₂; k₃ * z₃; k₄ * z₄])),   z = mean over the width x

    w(x) is h(x) of the means over the height: with the same kernels kᵢ, one per channel, which are
    zero-padded and have biases, for the quarters zᵢ of the channels, and with a normalisation GN₄
    (four groups, epsilon 1e-5) of its own. Q, K and V are GN₁(u pooled in windows), each scaled
    channel by channel; rows of a matrix are the d = C / num_heads contiguous channels of a head,
    columns the windows, over which the mean runs.

    Trainable parameters: 16C with the published kernels, and in general
    Σ (kernel_sizes + 1) C / 4 + 9C; 3C more with `qkv_bias`.

    Fidelity:
        Not the SCSA of arXiv:2601.07310, which is `SCSATopology`. The authors' code is followed.
        It lets channels through that do not divide by four, to fail later; here they are an
        error. Its windows do not overlap, and rows and columns beyond the last whole window are
        left out. Of its `down_sample_mode` there are avg_pool ("mean") and max_pool ("max");
        "recombination" calls a method that the code does not have. Its attention dropout,
        0 by default, is not here. `num_heads` has no default there; 1 is that of the authors'
        networks.

    Args:
        num_heads: In how many heads of contiguous channels these attend to each other; a divisor
            of C.
        window_size: Side of the windows that are pooled for the channel gate; None for one
            window, the whole map (-1 in the published code).
        kernel_sizes: Lengths of the four quarters' kernels, positive odd integers.
        qkv_bias: Whether Q, K and V have biases.
        downsample: How a window is pooled, `"mean"` or `"max"`.
        gate_activation: What all gates end with: `"sigmoid"`, or `"softmax"` over the rows, the
            columns and the channels.
        **kwargs: `data_format`, and the arguments of `keras.layers.Layer`.

    Call arguments:
        x: The feature map: (B, H, W, C), or (B, C, H, W) in channels_first.

    Output shape: that of x.

    Raises:
        ValueError: If an argument is out of its range; at build, if the channels are not a multiple
            of 4 and of `num_heads` or undefined, or if there are not two spatial axes; at build
            or call, if a window is larger than the map.

    Source: arXiv:2407.05128.

    Example:
        >>> import numpy as np
        >>> from keras_attn.layers import SCSASynergistic
        >>> layer = SCSASynergistic()
        >>> tuple(layer(np.ones((2, 8, 8, 32), "float32")).shape)
        (2, 8, 8, 32)
    """

    spatial_ranks: ClassVar = (2,)
    torch_names: ClassVar = {
        "spatial.convolutions": "{gate.name}",
        "spatial.height_normalization": "norm_h",
        "spatial.width_normalization": "norm_w",
        "channel.normalization": "norm",
        "channel.query": "q",
        "channel.key": "k",
        "channel.value": "v",
    }

    def __init__(
        self,
        num_heads: int = 1,
        window_size: int | None = 7,
        kernel_sizes: Sequence[int] = (3, 5, 7, 9),
        qkv_bias: bool = False,
        downsample: str = "mean",
        gate_activation: str = "sigmoid",
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.num_heads = num_heads
        self.window_size = window_size
        self.kernel_sizes = check_kernel_sizes(kernel_sizes)
        self.qkv_bias = qkv_bias
        self.downsample = check_choice("downsample", downsample, tuple(WINDOW_POOLS))
        self.gate_activation = check_choice("gate_activation", gate_activation, GATE_ACTIVATIONS)
        self.spatial = self.add_gate(
            MultiScaleStripGate, kernel_sizes=self.kernel_sizes, activation=gate_activation
        )
        self.channel = self.add_gate(
            ChannelAttentionGate,
            num_heads=num_heads,
            window_size=window_size,
            use_bias=qkv_bias,
            pool=downsample,
            activation=gate_activation,
        )

    def compute_gates(self, x: Tensor) -> dict[str, Tensor]:
        """The gates of the rows and of the columns of x, and that of the channels under them."""
        height, width = self.spatial(x)
        return {"height": height, "width": width, "channel": self.channel(x * height * width)}

    def attend(self, x: Tensor, height: Tensor, width: Tensor, channel: Tensor) -> Tensor:
        """The map under the product of the gates."""
        return times(x, height * width * channel)

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        return {
            **super().get_config(),
            "num_heads": self.num_heads,
            "window_size": self.window_size,
            "kernel_sizes": self.kernel_sizes,
            "qkv_bias": self.qkv_bias,
            "downsample": self.downsample,
            "gate_activation": self.gate_activation,
        }


class MultiScaleStripGate(StripGate):
    """activation(GN(k_i * quarter i of the strip)) for both strips, the kernels shared.

    Args:
        kernel_sizes: Lengths of the quarters' kernels.
        activation: `"sigmoid"`, or `"softmax"` along the strip.
        **kwargs: Arguments of `Gate`.

    Output: (B, H, 1, C) and (B, 1, W, C), or (B, C, H, 1) and (B, C, 1, W) in channels_first.
    """

    def __init__(self, kernel_sizes: tuple[int, ...], activation: str, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.kernel_sizes = kernel_sizes
        self.activation = activation

    def build(self, input_shape: tuple[int | None, ...]) -> None:
        """Makes the convolutions, and one normalisation per direction."""
        super().build(input_shape)
        if self.channels % 4:
            raise ValueError(
                f"Each of SCSA's four kernels takes a quarter of the channels, so these must be a "
                f"multiple of 4. Received a map of {self.channels} channels; "
                f"use {self.channels - self.channels % 4 + 4}."
            )
        self.convolutions = [
            depthwise_convolution((k,), self.channels // 4, dtype=self.dtype_policy, name=name)
            for k, name in zip(self.kernel_sizes, CONVOLUTION_NAMES, strict=True)
        ]
        self.height_normalization, self.width_normalization = (
            group_normalization(4, self.channels, axes=1, dtype=self.dtype_policy, name=name)
            for name in ("norm_h", "norm_w")
        )

    def call(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """The gates of the rows and of the columns of map x."""
        rows, columns = (self._filter(strip) for strip in self.strips(x))
        height = activate(self.height_normalization(rows), self.activation, axis=1)
        width = activate(self.width_normalization(columns), self.activation, axis=1)
        return self.as_strip_maps(height, width, like=x)

    def macs(self, input_shape: tuple[int, ...]) -> int:
        """The kernels for every row and column."""
        kernels = sum(size(convolution.kernel) for convolution in self.convolutions)
        return kernels * self.strip_positions(input_shape)

    def _filter(self, strip: Tensor) -> Tensor:
        quarters = ops.split(strip, 4, axis=-1)
        pairs = zip(self.convolutions, quarters, strict=True)
        return ops.concatenate([convolution(quarter) for convolution, quarter in pairs], axis=-1)


class ChannelAttentionGate(Gate):
    """activation(mean(A V)), A = softmax(Q K^T / sqrt(d)) between the channels of a head.

    Args:
        num_heads: Heads of contiguous channels.
        window_size: Side of the windows that are pooled; None to pool all positions.
        use_bias: Whether Q, K and V have biases.
        pool: `"mean"` or `"max"`.
        activation: `"sigmoid"`, or `"softmax"` over the channels.
        **kwargs: Arguments of `Gate`.

    Output: (B, 1, 1, C), or (B, C, 1, 1) in channels_first.
    """

    def __init__(
        self,
        num_heads: int,
        window_size: int | None,
        use_bias: bool,
        pool: str,
        activation: str,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.num_heads = check_whole_number("num_heads", num_heads, least=1)
        if window_size is not None:
            check_whole_number("window_size", window_size, least=1)
        self.window_size = window_size
        self.use_bias = use_bias
        self.pool = pool
        self.activation = activation

    def build(self, input_shape: tuple[int | None, ...]) -> None:
        """Makes the normalisation and the scales of Q, K and V."""
        super().build(input_shape)
        self.head_size = check_divisor("num_heads", self.num_heads, self.channels)
        self._check_window(input_shape)
        self.normalization = group_normalization(
            1, self.channels, axes=1, dtype=self.dtype_policy, name="norm"
        )
        self.query, self.key, self.value = (
            ChannelScale(self.use_bias, dtype=self.dtype_policy, name=name) for name in "qkv"
        )
        for part in (self.query, self.key, self.value):
            part.build((None, None, self.channels))

    def call(self, x: Tensor) -> Tensor:
        """The gate of map x."""
        self._check_window(x.shape)
        windows = self.normalization(self._windows(x))
        heads = (-1, ops.shape(windows)[1], self.num_heads, self.head_size)
        query, key, value = (
            ops.reshape(part(windows), heads) for part in (self.query, self.key, self.value)
        )
        scores = ops.einsum("bnhi,bnhj->bhij", query, key) / math.sqrt(self.head_size)
        # A V is linear in V, so the mean over the windows is taken of V.
        logits = ops.einsum("bhij,bhj->bhi", softmax(scores), ops.mean(value, axis=1))
        logits = ops.reshape(logits, (-1, self.channels))
        return self.as_channel_map(activate(logits, self.activation, axis=1), like=x)

    def macs(self, input_shape: tuple[int, ...]) -> int:
        """Q, K and V, and the two matrix products, for every window."""
        windows = 1
        if self.window_size is not None:
            windows = math.prod(input_shape[a] // self.window_size for a in self.spatial_axes)
        return (3 + 2 * self.head_size) * self.channels * windows

    def _windows(self, x: Tensor) -> Tensor:
        """(B, windows, C): the pooled windows."""
        if self.window_size is None:
            return ops.expand_dims(POOLS[self.pool](x, self.spatial_axes), 1)
        x = ops.cast(self.channels_last(x), accumulation_dtype(x.dtype))
        side, pool = self.window_size, WINDOW_POOLS[self.pool]
        pooled = pool(x, side, strides=side, padding="valid", data_format="channels_last")
        _, rows, columns, _ = ops.shape(pooled)
        return ops.reshape(pooled, (-1, rows * columns, self.channels))

    def _check_window(self, shape: tuple[int | None, ...]) -> None:
        # Without `:=`, which torch.compile does not take in a comprehension.
        sides = [side for side in map(shape.__getitem__, self.spatial_axes) if side is not None]
        if self.window_size is not None and any(side < self.window_size for side in sides):
            raise ValueError(
                f"A window must not be larger than the map. Received: "
                f"window_size={self.window_size} and a map of shape {tuple(shape)}; "
                f"use window_size={min(sides)}, or None to pool all positions."
            )


class ChannelScale(keras.layers.Layer):
    """(B, n, C) -> the same shape: one scale per channel, published as a depth-wise convolution.

    Args:
        use_bias: Whether there is a bias too.
        **kwargs: Arguments of `keras.layers.Layer`.
    """

    def __init__(self, use_bias: bool, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.use_bias = use_bias

    @property
    def torch_names(self) -> dict[str, str]:
        """Those of a convolution."""
        return {"scale": "weight", "bias": "bias"} if self.use_bias else {"scale": "weight"}

    def build(self, input_shape: tuple[int | None, ...]) -> None:
        """Makes the scales, in their published shape."""
        channels = input_shape[-1]
        initial = published_initializer(1)
        self.scale = self.add_weight(shape=(channels, 1, 1, 1), initializer=initial, name="scale")
        if self.use_bias:
            self.bias = self.add_weight(shape=(channels,), initializer=initial, name="bias")

    def call(self, x: Tensor) -> Tensor:
        """The scaled sequence."""
        scaled = x * ops.reshape(self.scale, (-1,))
        return scaled + self.bias if self.use_bias else scaled


def activate(logits: Tensor, activation: str, axis: int) -> Tensor:
    """The sigmoid, or the softmax over `axis`."""
    return softmax(logits, axis) if activation == "softmax" else ops.sigmoid(logits)


def check_kernel_sizes(kernel_sizes: Sequence[int]) -> tuple[int, ...]:
    """Returns the four lengths as a tuple, or raises ValueError."""
    if not isinstance(kernel_sizes, (list, tuple)) or len(kernel_sizes) != 4:
        raise ValueError(
            f"`kernel_sizes` must be four lengths, one for each quarter of the channels. "
            f"Received: kernel_sizes={kernel_sizes!r}."
        )
    return tuple(map(check_kernel_size, kernel_sizes))
