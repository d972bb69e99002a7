"""Keras's own layers, set up as the published modules set up PyTorch's; each is returned built.

PyTorch draws weights and biases from U(-1/sqrt(n), 1/sqrt(n)), n the number of inputs of an
output, and normalises with an epsilon of 1e-5. Its momentum of 0.1 is 0.9 in Keras. All parts
work on channels_last maps.
"""

from __future__ import annotations

import math
from typing import Any

import keras

from keras_attn.gates.filters import Convolution2D, DepthwiseConvolution1D, DepthwiseConvolution2D
from keras_attn.gates.normalization import BatchNormalization, GroupNormalization
from keras_attn.kernels import EPSILON

#: By the number of axes. Networks use them, too, so that their layers are Keras's own.
CONVOLUTIONS = {1: keras.layers.Conv1D, 2: keras.layers.Conv2D, 3: keras.layers.Conv3D}
DEPTHWISE_CONVOLUTIONS = {1: DepthwiseConvolution1D, 2: DepthwiseConvolution2D}


class Linear(str):
    """The published name of a `torch.nn.Linear`.

    A dense layer is published as such, with a weight of (out, in), or as a 1x1 convolution, with
    (out, in, 1, 1); the name of a convolution is a plain `str`.
    """

    __slots__ = ()


def published_initializer(inputs: int) -> keras.initializers.Initializer:
    """Uniform in +-1/sqrt(inputs), as PyTorch draws weights and biases."""
    return keras.initializers.RandomUniform(-(inputs**-0.5), inputs**-0.5)


def size(variable: keras.Variable) -> int:
    """How many numbers a variable holds."""
    return math.prod(variable.shape)


def dense(units: int, channels: int, **config: Any) -> keras.layers.Dense:
    """(..., channels) -> (..., units)."""
    layer = keras.layers.Dense(units, **{**_initial(channels), **config})
    return _built(layer, (None, channels))


def convolution(
    filters: int, kernel_size: tuple[int, ...], channels: int, groups: int = 1, **config: Any
) -> keras.layers.Layer:
    """(B, *positions, channels) -> (B, *positions, filters), zero-padded; one to three axes."""
    kind = Convolution2D if len(kernel_size) == 2 else CONVOLUTIONS[len(kernel_size)]
    layer = kind(
        filters,
        kernel_size,
        padding="same",
        data_format="channels_last",
        groups=groups,
        **_initial(math.prod(kernel_size) * channels // groups),
        **config,
    )
    return _built(layer, (None, *(None for _ in kernel_size), channels))


def depthwise_convolution(
    kernel_size: tuple[int, ...], channels: int, **config: Any
) -> keras.layers.Layer:
    """(B, *positions, channels) -> the same shape, zero-padded, with one kernel per channel."""
    initial = _initial(math.prod(kernel_size))
    layer = DEPTHWISE_CONVOLUTIONS[len(kernel_size)](
        kernel_size,
        padding="same",
        data_format="channels_last",
        depthwise_initializer=initial["kernel_initializer"],
        bias_initializer=initial["bias_initializer"],
        **config,
    )
    return _built(layer, (None, *(None for _ in kernel_size), channels))


def batch_normalization(
    channels: int, axes: int, momentum: float = 0.9, **config: Any
) -> keras.layers.BatchNormalization:
    """(B, *positions, channels) -> the same shape; `axes` is the number of position axes.

    In training it uses the statistics of the batch; the running variance it keeps is the
    biased one, where PyTorch keeps the unbiased one.
    """
    layer = BatchNormalization(momentum=momentum, epsilon=EPSILON, **config)
    return _built(layer, (None, *(None for _ in range(axes)), channels))


def group_normalization(groups: int, channels: int, axes: int, **config: Any) -> GroupNormalization:
    """(B, *positions, channels) -> the same shape, each sample's groups of contiguous channels."""
    layer = GroupNormalization(groups, epsilon=EPSILON, **config)
    return _built(layer, (None, *(None for _ in range(axes)), channels))


def _initial(inputs: int) -> dict[str, keras.initializers.Initializer]:
    return {
        "kernel_initializer": published_initializer(inputs),
        "bias_initializer": published_initializer(inputs),
    }


def _built(layer: Any, input_shape: tuple[int | None, ...]) -> Any:
    layer.build(input_shape)
    return layer
