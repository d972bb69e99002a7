"""Where attention can go in a model, and why."""

from __future__ import annotations

import difflib
import fnmatch
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

import keras

from keras_attn.surgery.anatomy import Anatomy

#: The places that have a name, and why attention goes there.
PLACES = {
    "blocks": "end of a residual branch, before the addition",
    "stages": "end of a stage, the last map of its resolution",
    "transitions": "end of a stage that another follows",
    "activations": "after the first spatial convolution of a residual branch and its activation",
    "convolutions": "after the last spatial convolution of a residual branch",
}


@dataclass(frozen=True)
class InsertionPoint:
    """A place for attention.

    Attributes:
        layer: Name of the layer; in a nested model `"model/layer"`.
        place: One of `PLACES`, or `"layer"` for one that was chosen by name.
        stage: The stage that it belongs to, from 1: stages differ in resolution.
        channels: Of the map there.
        reason: What the place is, in words.
        data_format: Of the map there.
        dtype_policy: Of the layer that gives it.
        input: Which input of the layer, an addition, is attended; None for its output.
    """

    layer: str
    place: str
    stage: int
    channels: int
    reason: str
    data_format: str = field(repr=False)
    dtype_policy: Any = field(repr=False, compare=False)
    input: int | None = None

    def __str__(self) -> str:
        return f"{self.layer}: stage {self.stage}, {self.channels} channels; {self.reason}"


Where = str | Callable[[Any], bool] | Iterable["str | InsertionPoint"]


def insertion_points(model: keras.Model, where: Where | None = None) -> list[InsertionPoint]:
    """Names where attention can go in a model, and why.

    Args:
        model: A Functional model; models in it are looked into.
        where: `"blocks"`, the end of each residual branch, before the addition; `"stages"`, the
            last map of each resolution; `"transitions"`, the same without the last stage;
            `"activations"`, after the first spatial convolution of each residual branch with its
            normalisation and activation; `"convolutions"`, after the last one itself. Or layers,
            to attend their outputs: a pattern such as `"conv4_*_out"`, a list of names or points,
            or a function that is given a layer and says whether. Blocks and stages if None.

    Returns:
        The points, in the order of computation.

    Raises:
        ValueError: If the model is not Functional, nothing is found, or a chosen layer does not
            give one feature map.

    Example:
        >>> import keras, keras_attn
        >>> inputs = x = keras.Input((16, 16, 8))
        >>> x = keras.layers.Conv2D(8, 3, padding="same", name="conv")(x)
        >>> x = keras.layers.Add(name="sum")([inputs, x])
        >>> model = keras.Model(inputs, keras.layers.GlobalAveragePooling2D()(x))
        >>> for point in keras_attn.insertion_points(model):
        ...     print(point)
        sum: stage 1, 8 channels; end of a residual branch, before the addition
        sum: stage 1, 8 channels; end of a stage, the last map of its resolution
    """
    check_model(model)
    anatomy = Anatomy(model)
    if where is None:
        points = [*_at(anatomy, "blocks"), *_at(anatomy, "stages")]
        order = {step.path: index for index, step in enumerate(anatomy.steps)}
        return sorted(points, key=lambda point: order[point.layer])
    if isinstance(where, str) and where in PLACES:
        points = _at(anatomy, where)
    elif isinstance(where, str):
        points = _matching(anatomy, where)
    elif callable(where):
        chosen = [i for i, step in enumerate(anatomy.steps) if where(step.operation)]
        points = [_chosen(anatomy, index) for index in chosen]
    else:
        points = [
            point
            for each in where
            for point in ([each] if isinstance(each, InsertionPoint) else _matching(anatomy, each))
        ]
    if not points:
        raise ValueError(_nothing_found(where, anatomy))
    return list(dict.fromkeys(points))


def check_model(model: Any) -> None:
    """Raises a ValueError if a model is not one that surgery can take apart."""
    if isinstance(model, keras.Sequential):
        raise ValueError(
            f"Surgery needs a Functional model, and {model.name!r} is Sequential. Wrap it: "
            f"keras.Model(model.inputs, model.outputs), which shares its weights."
        )
    quantized = [
        layer.name
        for layer in getattr(model, "layers", ())
        for part in layer._flatten_layers()
        if getattr(part, "quantization_mode", None) is not None
    ]
    if quantized:
        raise ValueError(
            f"Surgery needs a model that can be trained, and {quantized[0]!r} is quantised. Do "
            f"surgery first, then model.quantize('int8')."
        )


def _at(anatomy: Anatomy, place: str) -> list[InsertionPoint]:
    if place == "blocks":
        return [_point(anatomy, each.addition, place, each.branch) for each in anatomy.blocks]
    if place == "stages":
        found = anatomy.stage_ends
    elif place == "transitions":
        found = anatomy.stage_ends[:-1]
    else:
        inside = [each for block in anatomy.blocks if (each := anatomy.spatial_convolutions(block))]
        if place == "activations":
            found = [anatomy.activated(convolutions[0]) for convolutions in inside]
        else:
            found = [convolutions[-1] for convolutions in inside]
    return [_point(anatomy, index, place) for index in found]


def _point(anatomy: Anatomy, index: int, place: str, branch: int | None = None) -> InsertionPoint:
    return InsertionPoint(
        layer=anatomy.steps[index].path,
        place=place,
        stage=anatomy.stage(index),
        channels=anatomy.channels(index),
        reason=PLACES.get(place, "chosen by name"),
        data_format=anatomy.data_format,
        dtype_policy=anatomy.dtype_policy(index),
        input=branch,
    )


def _matching(anatomy: Anatomy, pattern: str) -> list[InsertionPoint]:
    """The layers whose path, or name in a nested model, a pattern fits."""
    return [
        _chosen(anatomy, index)
        for index, step in enumerate(anatomy.steps)
        if fnmatch.fnmatchcase(step.path, pattern)
        or fnmatch.fnmatchcase(step.path.rpartition("/")[2], pattern)
    ]


def _chosen(anatomy: Anatomy, index: int) -> InsertionPoint:
    step = anatomy.steps[index]
    if not anatomy.is_map(index):
        shapes = [tuple(tensor.shape) for tensor in step.outputs]
        raise ValueError(
            f"Attention takes one feature map with positions and channels. The layer "
            f"{step.path!r} gives outputs of shape {', '.join(map(str, shapes))}; choose layers "
            f"before the pooling."
        )
    return _point(anatomy, index, "layer")


def _nothing_found(where: Any, anatomy: Anatomy) -> str:
    if isinstance(where, str) and where in PLACES:
        have = [f"{len(found)} {place}" for place in PLACES if (found := _at(anatomy, place))]
        return (
            f"The model has no {where} ({PLACES[where]}). It has {', '.join(have) or 'none'}; or "
            f"choose layers by a pattern, such as where='conv4_*'."
        )
    names = [step.path for step in anatomy.steps]
    texts = [each for each in keras.tree.flatten(where) if isinstance(each, str)]
    near = [name for each in texts for name in difflib.get_close_matches(each, names, n=3)]
    return (
        f"No layer of the model is meant by where={where!r}. Give one of "
        f"{', '.join(map(repr, PLACES))}, a pattern of names, a list of names, or a function of a "
        f"layer. Layers with such names: {', '.join(near or names[-3:])}."
    )
