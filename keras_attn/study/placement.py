"""Variants inserted into a Functional model, and the plain layers of their control."""

from __future__ import annotations

import re
from functools import partial
from typing import Any

import keras

from keras_attn.graph.copy import copy_model
from keras_attn.layers.attention_gate import AttentionGate
from keras_attn.layers.plain_bottleneck import PlainBottleneck
from keras_attn.study.control import matched_bottleneck
from keras_attn.study.variants import BASELINE, GATE, Variant
from keras_attn.surgery import InsertionPoint, insert_attention, insertion_points
from keras_attn.surgery.gated import insert_gates
from keras_attn.surgery.points import Where

#: `stage3`, the last map of stage 3, or `stage3.blocks`, its blocks.
STAGE = re.compile(r"stage(\d+)(?:\.(.+))?")


def with_variant(model: keras.Model, variant: Variant, is_trained: bool) -> keras.Model:
    """A copy of a model with a variant inside.

    Args:
        model: A Functional model, which is not changed.
        variant: The variant, or a control, which is inserted at the same places and starts as the
            identity.
        is_trained: Whether attention without a start begins as the identity.

    Raises:
        ValueError: If there is no such place, or the attention does not fit there.
    """
    if variant.key == BASELINE:
        return copy_model(model)
    if variant.changes_model:
        return _changed(copy_model(model), variant)
    places = [_places(model, part.where or usual_place(model, part)) for part in variant.parts]
    for part, where in zip(variant.parts, places, strict=True):
        if variant.control:
            model = insert_attention(model, _plain(part), where=where)
        elif part.key == GATE:
            model = insert_gates(model, where, partial(_new_gate, part))
        else:
            start = part.start or ("identity" if is_trained else "published")
            model = insert_attention(model, part.key, where=where, start=start, **part.arguments)
    return model


def usual_place(model: keras.Model, part: Variant) -> str:
    """The place of a part without one: blocks of a residual network, else stages; or skips."""
    if part.key == GATE:
        return "skip"
    try:
        insertion_points(model, "blocks")
    except ValueError:
        return "stages"
    return "blocks"


def _places(model: keras.Model, where: str) -> Where:
    """The places in the model before anything is inserted, so that parts do not see each other.

    Raises:
        ValueError: If the model has no such stage.
    """
    if where == "published":
        return where
    found = STAGE.fullmatch(where)
    if not found:
        return insertion_points(model, where)
    number, place = int(found[1]), found[2] or "stages"
    points = insertion_points(model, place)
    chosen = [point for point in points if point.stage == number]
    if not chosen:
        stages = ", ".join(dict.fromkeys(f"stage{point.stage}" for point in points))
        raise ValueError(f"There is no place {where!r}. The model has {place} in {stages}.")
    return chosen


def _new_gate(part: Variant, name: str) -> AttentionGate:
    return AttentionGate(data_format="channels_last", name=name, **part.config)


def _plain(part: Variant) -> Any:
    """What the control has in place of a part, as a function of the place."""

    def plain_bottleneck(point: InsertionPoint) -> keras.layers.Layer:
        return PlainBottleneck(**matched_bottleneck(part, point.channels), dtype=point.dtype_policy)

    return plain_bottleneck


def _changed(model: keras.Model, variant: Variant) -> keras.Model:
    """What the function of a variant returns for a model.

    Raises:
        ValueError: If it does not return a model with the same inputs and outputs.
    """
    new = variant.key(model)
    shapes = [
        [tuple(each.shape) for each in (*model.inputs, *model.outputs)]
        for model in (model, new)
        if hasattr(model, "inputs")
    ]
    if len(shapes) < 2 or shapes[0] != shapes[1]:
        raise ValueError(
            f"The function {variant.label!r} must return a Functional model whose input and output "
            f"have the shapes of the model that it is given, {shapes[0]}. It returned "
            f"{shapes[1] if len(shapes) > 1 else type(new).__name__}."
        )
    return new
