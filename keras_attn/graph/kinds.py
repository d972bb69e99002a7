"""Kinds of calls: the convolutions, and what several modules ask of one call."""

from __future__ import annotations

from typing import Any

import keras

from keras_attn.graph.read import Call

CONVOLUTIONS = (
    keras.layers.Conv1D,
    keras.layers.Conv2D,
    keras.layers.Conv3D,
    keras.layers.DepthwiseConv1D,
    keras.layers.DepthwiseConv2D,
)
TRANSPOSED = (
    keras.layers.Conv1DTranspose,
    keras.layers.Conv2DTranspose,
    keras.layers.Conv3DTranspose,
)
SEPARABLE = (keras.layers.SeparableConv1D, keras.layers.SeparableConv2D)


def is_spatial_convolution(operation: Any) -> bool:
    """Whether an operation is a convolution whose kernel covers more than one position."""
    return isinstance(operation, CONVOLUTIONS + SEPARABLE) and max(operation.kernel_size) > 1


def is_addition(call: Call) -> bool:
    """Whether a call adds several tensors, as a layer or as a function."""
    named_add = type(call.operation).__name__ == "Add"
    return named_add and isinstance(call.operation, keras.Operation) and len(call.inputs) > 1


def is_merge(call: Call) -> bool:
    """Whether a call adds or concatenates several tensors."""
    return is_addition(call) or (
        type(call.operation).__name__ == "Concatenate" and len(call.inputs) > 1
    )


def has_weights(call: Call) -> bool:
    """Whether the operation of a call has weights."""
    return bool(getattr(call.operation, "weights", ()))


def is_pointwise(call: Call) -> bool:
    """Whether a call keeps the shape and mixes no positions: a normalization or activation."""
    shapes = {tensor.shape for tensor in (*call.inputs, *call.outputs)}
    if len(call.inputs) != 1 or len(shapes) != 1:
        return False
    return not has_weights(call) or "Normalization" in type(call.operation).__name__


#: Activations that are layers or functions of their own, by their class.
_ACTIVATION_CLASSES = {
    "Softmax": "softmax",
    "LogSoftmax": "log_softmax",
    "Sigmoid": "sigmoid",
    "ReLU": "relu",
    "Relu": "relu",
}


def activation_of(operation: Any) -> str | None:
    """The name of the activation that an operation applies last; None if it applies none."""
    if (name := _ACTIVATION_CLASSES.get(type(operation).__name__)) is not None:
        return name
    activation = getattr(operation, "activation", None)
    if activation is None or activation is keras.activations.linear:
        return None
    return getattr(activation, "__name__", type(activation).__name__)
