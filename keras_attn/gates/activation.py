"""What turns logits into gates where the authors offer a choice."""

from __future__ import annotations

from keras import ops

from keras_attn.kernels import Tensor, softmax

GATE_ACTIVATIONS = ("sigmoid", "softmax")


def activate(logits: Tensor, activation: str, axis: int) -> Tensor:
    """The sigmoid, or the softmax over `axis`."""
    return softmax(logits, axis) if activation == "softmax" else ops.sigmoid(logits)
