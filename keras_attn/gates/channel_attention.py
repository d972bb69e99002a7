"""The channel gate of SCSA: self-attention between the channels, over pooled windows."""

from __future__ import annotations

import math
from typing import Any

from keras import ops

from keras_attn.checks import check_whole_number
from keras_attn.gates.activation import activate
from keras_attn.gates.checks import check_divisor
from keras_attn.gates.direct_call import DirectlyCalled
from keras_attn.gates.gate import Gate
from keras_attn.gates.parts import group_normalization, published_initializer
from keras_attn.kernels import Tensor, maximum, mean, softmax

POOLS = {"mean": mean, "max": maximum}


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

    def call(self, x: Tensor) -> Tensor:  # type: ignore[override]  # reads the whole map
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
        x, side = self.channels_last(x), self.window_size
        _, height, width, _ = ops.shape(x)
        rows, columns = height // side, width // side
        # By axes of their own: XLA's code for the gradient of windows is slow on the CPU.
        whole = x[:, : rows * side, : columns * side]
        windows = ops.reshape(whole, (-1, rows, side, columns, side, self.channels))
        pooled = POOLS[self.pool](windows, (2, 4))
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


class ChannelScale(DirectlyCalled):
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
