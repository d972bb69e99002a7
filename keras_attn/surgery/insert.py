"""Attention into a trained model."""

from __future__ import annotations

import fnmatch
from collections.abc import Mapping
from functools import partial
from typing import Any

import keras

from keras_attn import catalogue
from keras_attn.functional import symbols
from keras_attn.layers import Blend
from keras_attn.surgery.feature_pyramid import levels_of, with_levels
from keras_attn.surgery.points import InsertionPoint, Where, check_model, insertion_points
from keras_attn.surgery.rebuild import Change, rebuild

STARTS = ("identity", "published")
WEIGHTS = ("copy", "share")


def insert_attention(
    model: keras.Model,
    key: str | Mapping[int | str, str],
    where: Where = "blocks",
    start: str = "identity",
    weights: str = "copy",
    **config: Any,
) -> keras.Model:
    """A new model with attention inside; the trained weights are kept.

    Args:
        model: A Functional model, which stays as it is; models nested in it are looked into.
        key: One of `list_layers()`, for all places; or a dictionary of keys: by stage (`{1: "se",
            4: "csa"}`) or by pattern of the layer's name (`{"conv4_*": "csa"}`). Places that none
            of its entries means are left alone.
        where: `"published"`, where the authors of that module put it; or as for
            `insertion_points`.
        start: `"identity"`: the new model gives the outputs of the old one until it is trained
            (`layers.Blend`). `"published"`: the attention as it is, which changes the outputs at
            once.
        weights: `"copy"`, or `"share"`: the new model has the very layers of the old one, and
            training either trains both. (Then `get_layer(name).output` of the new model belongs
            to the old one's graph, which feature extraction needs: copy.)
        **config: Arguments of the attention layers, such as `reduction`.

    Returns:
        The new model, not compiled. Frozen layers stay frozen, new ones can be trained; models
        around new layers are not frozen as a whole. A backbone with a feature pyramid gives a
        `FeaturePyramid`; where a level's layer is attended, the level is what comes out.

    Raises:
        ValueError: If the model is not Functional, a key or place is unknown, or nothing is found.

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
    _check_choice("start", start, STARTS)
    _check_choice("weights", weights, WEIGHTS)
    for each in [key] if isinstance(key, str) else key.values():
        _check_key(each)
    levels = levels_of(model)
    if levels and weights == "share":
        raise ValueError(
            f"{model.name!r} is a backbone whose levels are read from its layers, and shared "
            f"layers would give those of the old model. Use weights='copy'."
        )
    places = _places(model, key, where)
    plan = [
        (point, each)
        for each, points in places.items()
        for point in points
        if _key_for(point, key) == each
    ]
    if not plan:
        have = [
            f"{point.layer} (stage {point.stage})" for points in places.values() for point in points
        ]
        raise ValueError(
            f"No place is meant by key={key!r}, whose entries begin with stages, from 1, or with "
            f"patterns of names. where={where!r} has {', '.join(dict.fromkeys(have))}."
        )
    names = {layer.name for layer in model._flatten_layers()}
    changes: dict[str, Change] = {}
    inserted: dict[str, str] = {}
    for point, chosen in plan:
        layer = _new_layer(point, chosen, start, names, config)
        changes[point.layer] = _attend(layer, point.input, changes.get(point.layer))
        if point.input is None:
            inserted[point.layer] = layer.name
    new = rebuild(model, changes, share=weights == "share")
    return with_levels(new, {level: inserted.get(name, name) for level, name in levels.items()})


def _places(
    model: keras.Model, key: str | Mapping[int | str, str], where: Where
) -> dict[str, list[InsertionPoint]]:
    """For each key the points that it may go to."""
    keys = [key] if isinstance(key, str) else list(dict.fromkeys(key.values()))
    if where == "published":
        return {each: insertion_points(model, _published_place(each)) for each in keys}
    return dict.fromkeys(keys, insertion_points(model, where))


def _published_place(key: str) -> str:
    place = catalogue.describe(key).placement
    if place is None:
        known = [
            each
            for each in catalogue.list_layers()
            if catalogue.describe(each).placement is not None
        ]
        raise ValueError(
            f"Where its authors put {key!r} is not known here. Choose a place, such as "
            f"where='blocks'. It is known of {', '.join(known)}."
        )
    return place


def _key_for(point: InsertionPoint, key: str | Mapping[int | str, str]) -> str | None:
    if isinstance(key, str):
        return key
    for choice, each in key.items():
        if choice == point.stage:
            return each
        name = point.layer.rpartition("/")[2]
        if isinstance(choice, str) and any(
            fnmatch.fnmatchcase(text, choice) for text in (point.layer, name)
        ):
            return each
    return None


def _new_layer(
    point: InsertionPoint, key: str, start: str, names: set[str], config: dict[str, Any]
) -> keras.Layer:
    name = unused = f"{point.layer.rpartition('/')[2]}_{key}"
    number = 1
    while unused in names:
        number += 1
        unused = f"{name}_{number}"
    names.add(unused)
    settings = {"data_format": point.data_format, "dtype": point.dtype_policy, **config}
    if start == "published":
        return catalogue.create(key, **settings, name=unused)
    attention = catalogue.create(key, **settings, name=key)
    return Blend(attention, name=unused, dtype=settings["dtype"])


def _attend(attention: keras.Layer, index: int | None, inner: Change | None) -> Change:
    """The change that attends one input of a layer, or its output; after another change."""

    def change(layer: Any, *args: Any, **kwargs: Any) -> Any:
        call = layer if inner is None else partial(inner, layer)
        if index is None:
            return attention(call(*args, **kwargs))
        attended = symbols((args, kwargs))[index]
        args, kwargs = keras.tree.map_structure(
            lambda each: attention(each) if each is attended else each, (args, kwargs)
        )
        return call(*args, **kwargs)

    return change


def _check_key(key: str) -> None:
    reason = catalogue.describe(key).limits.get("single_output")
    if reason is not None:
        raise ValueError(
            f"{key!r} does not {catalogue.LIMITS['single_output']}: {reason}. For it, see "
            f"keras_attn.attention_branch_network."
        )


def _check_choice(name: str, value: Any, choices: tuple[str, ...]) -> None:
    if value not in choices:
        raise ValueError(f"`{name}` must be one of {choices}. Received: {name}={value!r}.")
