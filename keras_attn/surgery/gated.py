"""Attention gates on the skip connections of an encoder-decoder network."""

from __future__ import annotations

from collections.abc import Callable

import keras

from keras_attn.graph.anatomy import Anatomy
from keras_attn.graph.copy import Edit, copy_model
from keras_attn.graph.edit import apply_to_input
from keras_attn.graph.read import Call
from keras_attn.layers.attention_gate import AttentionGate
from keras_attn.surgery.points import Where, check_model, insertion_points


def insert_gates(
    model: keras.Model, where: Where, gate: Callable[[str], AttentionGate]
) -> keras.Model:
    """A copy of a model whose skip connections pass an attention gate.

    The gating map is the other map of the layer that joins the skip connection: the map of the
    decoder at that level.

    Args:
        model: A Functional model, which is not changed.
        where: The skip connections, as for `insertion_points`: layers whose output is joined.
        gate: A function of a name that returns a new gate.

    Raises:
        ValueError: If a map at such a place is not joined with one other map.
    """
    check_model(model)
    calls = Anatomy(model).calls
    by_path = {call.path: call for call in calls}
    edits: dict[str, Edit] = {}
    for point in insertion_points(model, where):
        (skip,) = by_path[point.layer].outputs
        joins = [call for call in calls if _joins(call, skip)]
        if len(joins) != 1 or joins[0].path in edits:
            raise ValueError(
                f"An attention gate needs a skip connection, and the output of {point.layer!r} is "
                f"joined with one other map by {len(joins)} layers. Choose the layer whose output "
                "the decoder joins, such as where='skip' in the U-Net of keras_attn."
            )
        index = [tensor is skip for tensor in joins[0].inputs].index(True)
        edits[joins[0].path] = apply_to_input(
            gate(f"{point.layer}_gate"), index, others=[1 - index]
        )
    return copy_model(model, edits)


def _joins(call: Call, skip: keras.KerasTensor) -> bool:
    """Whether a call joins a map with one other map."""
    return len(call.inputs) == 2 and any(tensor is skip for tensor in call.inputs)
