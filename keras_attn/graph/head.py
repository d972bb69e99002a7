"""The head of a classifier: where its logits become probabilities."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import keras
from keras import ops

from keras_attn.graph.kinds import activation_of, has_weights
from keras_attn.graph.read import Call

#: Activations of which the input is the logits.
NORMALIZING = ("softmax", "log_softmax", "sigmoid")

#: Classes of layers and functions that change neither the values nor their meaning.
_TRANSPARENT = (
    "ActivityRegularization",
    "Cast",
    "Dropout",
    "ExpandDims",
    "Flatten",
    "Identity",
    "Permute",
    "Reshape",
    "Squeeze",
)


@dataclass(frozen=True)
class Head:
    """How a model ends.

    Attributes:
        activation: One of `NORMALIZING`; `"linear"` if the outputs are logits; None if the graph
            does not say.
        path: Path of the call that applies the activation; None if there is none.
    """

    activation: str | None
    path: str | None = None


def find_head(calls: list[Call], output: keras.KerasTensor) -> Head:
    """Follows a graph back from an output to the last activation.

    Args:
        calls: The calls of the graph, as `trace` returns them.
        output: One of its outputs.
    """
    producer = {id(tensor): call for call in calls for tensor in call.outputs}
    tensor = output
    while (call := producer.get(id(tensor))) is not None:
        activation = activation_of(call.operation)
        if activation in NORMALIZING:
            return Head(activation, call.path)
        kind = type(call.operation).__name__
        if kind in _TRANSPARENT or (kind == "Activation" and activation is None):
            tensor = call.inputs[0]
            continue
        is_linear = activation is None and hasattr(call.operation, "activation")
        return Head("linear" if is_linear and has_weights(call) else None)
    return Head(None)


def call_without_activation(operation: Any, *args: Any, **kwargs: Any) -> Any:
    """Calls a layer without the activation at its end, and returns its result in float32."""
    if getattr(operation, "weights", ()) and hasattr(operation, "activation"):
        activation = operation.activation
        operation.activation = keras.activations.linear
        try:
            logits = operation(*args, **kwargs)
        finally:
            operation.activation = activation
    else:
        logits = next(iter(keras.tree.flatten((args, kwargs))))
    return ops.cast(logits, "float32")
