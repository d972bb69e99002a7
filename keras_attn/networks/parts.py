"""Parts of which all networks are made: convolution, normalisation, a place for attention, head."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import keras
from keras import layers

from keras_attn.gates.parts import CONVOLUTIONS
from keras_attn.networks.design import Design, Placement


def channels_of(x: keras.KerasTensor, design: Design) -> int:
    """Number of channels of a map."""
    return x.shape[design.channel_axis]


def normalised(
    x: keras.KerasTensor,
    design: Design,
    filters: int,
    kernel_size: int,
    stride: int = 1,
    *,
    name: str,
    activation: float | str | None = None,
    depthwise: bool = False,
) -> keras.KerasTensor:
    """A convolution, a normalisation and an activation.

    Args:
        x: The map.
        design: The network's design, which says how the map is padded.
        filters: Number of output channels; ignored if `depthwise`.
        kernel_size: Length of a side of the kernel, odd.
        stride: Stride of the convolution.
        name: What the names of the layers start with.
        activation: `"relu"`, or the upper limit of a clipped ReLU, or None.
        depthwise: Whether each channel has a kernel of its own.
    """
    same = design.padding == "same"
    if kernel_size > 1 and not same:
        pad = of_rank("ZeroPadding", x)
        x = pad(kernel_size // 2, data_format=design.data_format, name=f"{name}_padding")(x)
    shared: dict[str, Any] = {
        "strides": stride,
        "padding": "same" if same else "valid",
        "use_bias": False,
        "data_format": design.data_format,
        "name": f"{name}_conv",
    }
    if depthwise:
        x = layers.DepthwiseConv2D(kernel_size, depthwise_initializer="he_normal", **shared)(x)
    else:
        convolution = CONVOLUTIONS[len(x.shape) - 2]
        x = convolution(filters, kernel_size, kernel_initializer="he_normal", **shared)(x)
    normalise = layers.BatchNormalization(
        design.channel_axis, momentum=0.9, epsilon=1e-5, name=f"{name}_norm"
    )
    x = normalise(x)
    if activation is None:
        return x
    limit = None if activation == "relu" else activation
    return layers.ReLU(limit, name=f"{name}_relu")(x)


def attended(
    x: keras.KerasTensor, places: Mapping[str, Placement], position: str, name: str
) -> keras.KerasTensor:
    """The map after attention, if there is any at this position.

    Raises:
        ValueError: If the result is not one map of the same shape.
    """
    if position not in places:
        return x
    y = places[position](x, f"{name}_attention")
    if isinstance(y, (tuple, list)):
        raise ValueError(
            f"it returns {len(y)} outputs, but a network needs one map of the same shape"
        )
    if y.shape != x.shape:
        raise ValueError(
            f"it turns a map of the shape {x.shape[1:]} into {y.shape[1:]}, but a network needs "
            "the same shape"
        )
    return y


def head(
    x: keras.KerasTensor, design: Design, include_top: bool, pooling: str | None, num_classes: int
) -> keras.KerasTensor:
    """Logits, pooled features, or the map itself, as in `keras.applications`."""
    if include_top or pooling is not None:
        kind = (
            "GlobalMaxPooling" if pooling == "max" and not include_top else "GlobalAveragePooling"
        )
        x = of_rank(kind, x)(data_format=design.data_format, name="pooling")(x)
    if not include_top:
        return x
    return layers.Dense(num_classes, kernel_initializer="he_normal", name="logits")(x)


def of_rank(kind: str, x: keras.KerasTensor) -> type[layers.Layer]:
    """Keras's layer of a kind, such as `"ZeroPadding"`, for the number of axes of a map."""
    return getattr(layers, f"{kind}{len(x.shape) - 2}D")
