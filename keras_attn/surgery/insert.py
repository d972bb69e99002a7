"""Attention inserted into a trained model."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import keras

from keras_attn import catalogue
from keras_attn.checks import check_choice
from keras_attn.graph.copy import Edit, copy_model
from keras_attn.graph.edit import apply_to_input, apply_to_output
from keras_attn.surgery.attention import (
    Attention,
    attention_name,
    check_attention,
    new_attention,
)
from keras_attn.surgery.feature_pyramid import levels_of, with_levels
from keras_attn.surgery.points import InsertionPoint, Where, check_model, fits, insertion_points

STARTS = ("identity", "published")
WEIGHTS = ("copy", "share")


def insert_attention(
    model: keras.Model,
    key: Attention | Mapping[int | str, Attention],
    where: Where = "blocks",
    start: str = "identity",
    weights: str = "copy",
    name: str | None = None,
    **config: Any,
) -> keras.Model:
    """A new model with attention inside; the trained weights are kept.

    Args:
        model: A Functional model, which is not changed; nested models are searched too.
        key: What is inserted at all places: a key of `list_layers()`; a layer class; a layer, of
            which each place gets a copy; or a function that takes an `InsertionPoint` and returns
            a layer. Or a dictionary of these: by stage (`{1: "se", 4: "csa"}`) or by pattern of
            the layer's name (`{"conv4_*": "csa"}`); places that fit no entry are left alone.
        where: `"published"`, where the authors of the module put it; or as for
            `insertion_points`.
        start: `"identity"`: the new model gives the outputs of the old one until it is trained
            (`layers.Blend`). `"published"`: the attention as it is, which changes the outputs at
            once.
        weights: `"copy"`, or `"share"`: the new model uses the layers of the old one, and training
            either model trains both. (`get_layer(name).output` of the new model then belongs to
            the old graph; feature extraction needs a copy.)
        name: Name of the new layer; numbered where there are several. By default the layer's name
            at that place followed by the key, such as `"conv4_out_csa"`.
        **config: Arguments of the attention layers, such as `reduction`.

    Returns:
        The new model, not compiled. Frozen layers stay frozen, new ones can be trained; models
        around new layers are not frozen as a whole. A backbone with a feature pyramid becomes a
        `FeaturePyramid`; a level whose layer is attended becomes the attended map.

    Raises:
        ValueError: If the model is not Functional, a key or place is unknown, nothing is found, or
            a layer does not keep the shape of the map.

    Example:
        >>> import keras, keras_attn, numpy as np
        >>> inputs = x = keras.Input((16, 16, 8))
        >>> x = keras.layers.Conv2D(8, 3, padding="same")(x)
        >>> x = keras.layers.Add(name="sum")([inputs, x])
        >>> model = keras.Model(inputs, x)
        >>> attended = keras_attn.insert_attention(model, "csa")
        >>> [layer.name for layer in attended.layers if layer not in model.layers][-2:]
        ['sum_csa', 'sum']
        >>> images = np.random.default_rng(0).random((1, 16, 16, 8))
        >>> before, after = (each.predict(images, verbose=0) for each in (model, attended))
        >>> bool(np.allclose(before, after))
        True
    """
    check_model(model)
    check_choice("start", start, STARTS)
    check_choice("weights", weights, WEIGHTS)
    choices = list(key.values()) if isinstance(key, Mapping) else [key]
    for each in choices:
        check_attention(each, config)
    levels = levels_of(model)
    if levels and weights == "share":
        raise ValueError(
            f"{model.name!r} is a backbone whose levels are read from its layers, and shared "
            f"layers would give those of the old model. Use weights='copy'."
        )
    plan = _plan(model, key, choices, where)
    taken = {layer.name for layer in model._flatten_layers()}
    edits: dict[str, Edit] = {}
    inserted: dict[str, str] = {}
    for point, chosen in plan:
        place = re.sub(r"\[\d+\]$", "", point.layer.rpartition("/")[2])
        unique = _unique(name or f"{place}_{attention_name(chosen)}", taken)
        layer = _Checked(new_attention(chosen, point, start, unique, config), point)
        earlier = edits.get(point.layer)
        if point.input is None:
            edits[point.layer] = apply_to_output(layer, earlier)
            inserted[point.layer] = unique
        else:
            edits[point.layer] = apply_to_input(layer, point.input, earlier)
    new = copy_model(model, edits, share=weights == "share")
    return with_levels(new, {level: inserted.get(each, each) for level, each in levels.items()})


class _Checked:
    """An attention layer whose output must have the shape of its input."""

    def __init__(self, layer: keras.layers.Layer, point: InsertionPoint) -> None:
        self.layer = layer
        self.point = point

    def __call__(self, x: keras.KerasTensor) -> keras.KerasTensor:
        outputs = self.layer(x)
        if getattr(outputs, "shape", None) != x.shape:
            found = keras.tree.map_structure(lambda each: tuple(each.shape), outputs)
            raise ValueError(
                f"The layer {self.layer.name!r} cannot be inserted at {self.point.layer!r}: it "
                f"must return one map of the shape of its input, {tuple(x.shape)}. It returns "
                f"{found}."
            )
        return outputs


def _plan(
    model: keras.Model,
    key: Attention | Mapping[int | str, Attention],
    choices: list[Attention],
    where: Where,
) -> list[tuple[InsertionPoint, Attention]]:
    """The points, and what goes there."""
    found: list[InsertionPoint] = []
    plan = []
    points: dict[str, list[InsertionPoint]] = {}
    for index, choice in enumerate(choices):
        place = _published_place(choice) if where == "published" else where
        cached = str(place) if where == "published" else ""
        if cached not in points:
            points[cached] = insertion_points(model, place)
        found += points[cached]
        plan += [(point, choice) for point in points[cached] if _entry(point, key) == index]
    if not plan:
        have = [f"{point.layer} (stage {point.stage})" for point in found]
        raise ValueError(
            f"No place fits key={key!r}. Its entries must begin with stages, from 1, or with "
            f"patterns of layer names. where={where!r} has {', '.join(dict.fromkeys(have))}."
        )
    return plan


def _entry(point: InsertionPoint, key: Attention | Mapping[int | str, Attention]) -> int | None:
    """The position of the entry of `key` that a point belongs to."""
    if not isinstance(key, Mapping):
        return 0
    for index, choice in enumerate(key):
        if choice == point.stage or (isinstance(choice, str) and fits(point.layer, choice)):
            return index
    return None


def _published_place(attention: Attention) -> str:
    places = {each: catalogue.describe(each).placement for each in catalogue.list_layers()}
    known = {each: place for each, place in places.items() if place is not None}
    key = attention_name(attention)
    if key not in known:
        raise ValueError(
            f"The place where the authors of {key!r} put it is not known here. Choose a place, "
            f"such as where='blocks'. It is known for {', '.join(known)}."
        )
    return known[key]


def _unique(name: str, taken: set[str]) -> str:
    unique, number = name, 1
    while unique in taken:
        number += 1
        unique = f"{name}_{number}"
    taken.add(unique)
    return unique
