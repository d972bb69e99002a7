"""Parts of which all networks are made: padding, convolution and normalisation as in PyTorch."""

from __future__ import annotations

import keras
from keras import layers

import keras_attn.catalogue as catalogue
from keras_attn.networks.design import Attention


def channels_of(x: keras.KerasTensor) -> int:
    """Number of channels of a map in Keras's data format."""
    return x.shape[-1 if keras.config.image_data_format() == "channels_last" else 1]


def normalised(
    x: keras.KerasTensor,
    filters: int,
    kernel_size: int,
    stride: int = 1,
    *,
    name: str,
    activation: float | str | None = None,
    depthwise: bool = False,
) -> keras.KerasTensor:
    """A convolution, a normalisation and an activation.

    The map is padded on all sides alike, as in PyTorch: with a stride of 2, Keras's `"same"` pads
    more on the far side.

    Args:
        x: The map.
        filters: Number of output channels; ignored if `depthwise`.
        kernel_size: Length of a side of the kernel, odd.
        stride: Stride of the convolution.
        name: What the names of the layers start with.
        activation: `"relu"`, or the upper limit of a clipped ReLU, or None.
        depthwise: Whether each channel has a kernel of its own.
    """
    if kernel_size > 1:
        x = layers.ZeroPadding2D(kernel_size // 2, name=f"{name}_padding")(x)
    shared = {"strides": stride, "use_bias": False, "name": f"{name}_conv"}
    if depthwise:
        x = layers.DepthwiseConv2D(kernel_size, depthwise_initializer="he_normal", **shared)(x)
    else:
        x = layers.Conv2D(filters, kernel_size, kernel_initializer="he_normal", **shared)(x)
    axis = -1 if keras.config.image_data_format() == "channels_last" else 1
    x = layers.BatchNormalization(axis, momentum=0.9, epsilon=1e-5, name=f"{name}_norm")(x)
    if activation is None:
        return x
    limit = None if activation == "relu" else activation
    return layers.ReLU(limit, name=f"{name}_relu")(x)


def attended(
    x: keras.KerasTensor, attention: Attention | None, position: str, name: str
) -> keras.KerasTensor:
    """The map after attention, if there is any at this position."""
    if attention is None or attention.position != position:
        return x
    name = f"{name}_attention"
    config = attention.arguments(name)
    return x if config is None else catalogue.create(attention.key, name=name, **config)(x)


def head(
    x: keras.KerasTensor, include_top: bool, pooling: str | None, num_classes: int
) -> keras.KerasTensor:
    """Logits, pooled features, or the map itself, as in `keras.applications`."""
    if include_top or pooling == "avg":
        x = layers.GlobalAveragePooling2D(name="pooling")(x)
    elif pooling == "max":
        x = layers.GlobalMaxPooling2D(name="pooling")(x)
    return layers.Dense(num_classes, name="logits")(x) if include_top else x
