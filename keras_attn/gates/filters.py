"""Keras's convolutions, zero-padded, by the kernels of the backend."""

from __future__ import annotations

import keras
from keras import ops

from keras_attn import kernels
from keras_attn.gates.direct_call import DirectlyCalled
from keras_attn.kernels import Tensor


class Convolution2D(keras.layers.Conv2D):
    """(B, H, W, C) -> (B, H, W, filters); the arguments are those of Keras's layer."""

    def convolution_op(self, inputs: Tensor, kernel: Tensor) -> Tensor:
        """By `kernels.convolve` where that computes the same."""
        settings = (self.padding, self.groups, *self.strides, *self.dilation_rate)
        if settings == ("same", 1, 1, 1, 1, 1) and all(n % 2 for n in self.kernel_size):
            return kernels.convolve(inputs, kernel)
        return super().convolution_op(inputs, kernel)


class _Depthwise(DirectlyCalled):
    """Replaces the call of Keras's layer, whose stride and dilation are 1."""

    def call(self, x: Tensor) -> Tensor:
        """The filtered map, by `kernels.depthwise`."""
        filtered = kernels.depthwise(x, self.kernel)
        return filtered + ops.cast(self.bias, x.dtype) if self.use_bias else filtered


class DepthwiseConvolution1D(_Depthwise, keras.layers.DepthwiseConv1D):
    """(B, length, C) -> the same shape; the arguments are those of Keras's layer."""


class DepthwiseConvolution2D(_Depthwise, keras.layers.DepthwiseConv2D):
    """(B, H, W, C) -> the same shape; the arguments are those of Keras's layer."""
