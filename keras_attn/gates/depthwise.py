"""Depth-wise convolutions of signals and images, zero-padded, by `kernels.depthwise`."""

from __future__ import annotations

import keras
from keras import ops

from keras_attn import kernels
from keras_attn.gates.direct_call import DirectlyCalled
from keras_attn.kernels import Tensor


class _Depthwise(DirectlyCalled):
    """Replaces the call of Keras's layer, whose stride and dilation are 1."""

    def call(self, x: Tensor) -> Tensor:
        """The filtered map."""
        filtered = kernels.depthwise(x, self.kernel)
        return filtered + ops.cast(self.bias, x.dtype) if self.use_bias else filtered


class DepthwiseConvolution1D(_Depthwise, keras.layers.DepthwiseConv1D):
    """(B, length, C) -> the same shape; the arguments are those of Keras's layer."""


class DepthwiseConvolution2D(_Depthwise, keras.layers.DepthwiseConv2D):
    """(B, H, W, C) -> the same shape; the arguments are those of Keras's layer."""
