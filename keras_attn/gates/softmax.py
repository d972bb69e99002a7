"""The softmax, over any number of elements."""

from __future__ import annotations

from keras import ops

from keras_attn.gates.statistics import Tensor


def softmax(logits: Tensor, axis: int = -1) -> Tensor:
    """Softmax over an axis, which may have one element: Keras's own warns of that."""
    return ops.exp(ops.log_softmax(logits, axis=axis))
