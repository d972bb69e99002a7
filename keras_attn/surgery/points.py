"""Where attention can go in a model, and why."""

from __future__ import annotations

import difflib
import fnmatch
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

import keras

from keras_attn.graph.anatomy import Anatomy
from keras_attn.graph.stages import stage_ends, stage_of

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
    """A place for attention: a call of a layer.

    Attributes:
        layer: Name of the layer, for the second call of a shared layer `"layer[1]"`; in a nested
            model `"model/layer"`.
        place: One of `PLACES`, or `"layer"` for a layer that was chosen by name.
        stage: The stage that it belongs to, from 1.
        channels: Number of channels of the map there.
        reason: What the place is, in words.
        data_format: Data format of the map there.
        dtype_policy: Dtype policy of the layer that returns the map.
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
    """Lists where attention can go in a model, and why.

    A layer that is used several times has several places, one per call. The layers of a nested
    model are listed once, however often that model is called: they stay shared.

    Args:
        model: A Functional model; nested models are searched too.
        where: `"blocks"`, the end of each residual branch, before the addition; `"stages"`, the
            last map of each resolution, in encoder-decoder networks of encoder, bottleneck and
            decoder, without the layer that returns the logits; `"transitions"`, the same without
            the last stage; `"activations"`, after the first spatial convolution of each residual
            branch with its normalization and activation; `"convolutions"`, after the last spatial
            convolution itself. Or layers whose outputs are attended: a pattern such as
            `"conv4_*_out"`, a name without its number, such as `"decoder"` for `decoder1` and
            `decoder2`, a list of names or points, or a function that takes a layer and returns a
            bool. Blocks and stages if None.

    Returns:
        The points, in the order of computation.

    Raises:
        ValueError: If the model is not Functional, nothing is found, or a chosen layer does not
            return one feature map.

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
    search = _Search(Anatomy(model))
    if where is None:
        return search.blocks_and_stages()
    return search.points(where)


def check_model(model: Any) -> None:
    """Raises a ValueError if surgery cannot edit a model."""
    if isinstance(model, keras.Sequential):
        first = "Wrap it" if model.built else "Begin it with a keras.Input, then wrap it"
        raise ValueError(
            f"Surgery needs a Functional model, and {model.name!r} is Sequential. {first}: "
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
            f"Surgery needs a model that can be trained, and {quantized[0]!r} is quantized. Do "
            f"surgery first, then model.quantize('int8')."
        )


def fits(path: str, pattern: str) -> bool:
    """Whether a pattern fits the path of a call, or the name of its layer."""
    name = re.sub(r"\[\d+\]$", "", path.rpartition("/")[2])
    return path == pattern or any(fnmatch.fnmatchcase(each, pattern) for each in (path, name))


class _Search:
    """Finds points in a model."""

    def __init__(self, anatomy: Anatomy) -> None:
        self.anatomy = anatomy
        self.stage_ends = stage_ends(anatomy)

    def blocks_and_stages(self) -> list[InsertionPoint]:
        found = [(i, "blocks", branch) for i, branch in self.at("blocks")]
        found += [(i, "stages", branch) for i, branch in self.at("stages")]
        found.sort(key=lambda each: each[0])
        return self._distinct(found)

    def points(self, where: Where) -> list[InsertionPoint]:
        """The points that `where` means.

        Raises:
            ValueError: If there are none.
        """
        if isinstance(where, str) and where in PLACES:
            found = [(i, where, branch) for i, branch in self.at(where)]
        elif isinstance(where, str):
            found = self._matching(where)
        elif callable(where):
            calls = enumerate(self.anatomy.calls)
            found = [self._chosen(i) for i, call in calls if where(call.operation)]
        else:
            where = list(where)
            found = [place for each in where for place in self._named(each)]
        if not found:
            raise ValueError(self._nothing_found(where))
        return self._distinct(found)

    def at(self, place: str) -> list[tuple[int, int | None]]:
        """The calls at a place that has a name, and which of their inputs is attended."""
        anatomy = self.anatomy
        if place == "blocks":
            return [(block.addition, block.branch) for block in anatomy.blocks]
        if place == "stages":
            return [(index, None) for index in self.stage_ends]
        if place == "transitions":
            return [(index, None) for index in self.stage_ends[:-1]]
        inside = [each for block in anatomy.blocks if (each := anatomy.spatial_convolutions(block))]
        if place == "activations":
            return [(anatomy.activated(convolutions[0]), None) for convolutions in inside]
        return [(convolutions[-1], None) for convolutions in inside]

    def _named(self, each: str | InsertionPoint) -> list[tuple[int, str, int | None]]:
        if isinstance(each, str):
            return self._matching(each)
        calls = enumerate(self.anatomy.calls)
        return [(i, each.place, each.input) for i, call in calls if call.path == each.layer]

    def _matching(self, pattern: str) -> list[tuple[int, str, int | None]]:
        calls = enumerate(self.anatomy.calls)
        found = [i for i, call in calls if fits(call.path, pattern)]
        if not found:
            calls = enumerate(self.anatomy.calls)
            found = [i for i, call in calls if fits(re.sub(r"\d+$", "", call.path), pattern)]
        return [self._chosen(i) for i in found]

    def _chosen(self, index: int) -> tuple[int, str, int | None]:
        if self.anatomy.is_map(index):
            return index, "layer", None
        call = self.anatomy.calls[index]
        if self.anatomy.has_time_axis(index):
            raise ValueError(
                f"The layer {call.path!r} returns one map per time step, and attention to all of "
                f"them at once would mix the steps. {_BY_HAND}"
            )
        shapes = [tuple(tensor.shape) for tensor in call.outputs]
        raise ValueError(
            f"Attention needs one feature map with positions and channels. The layer "
            f"{call.path!r} returns outputs of shape {', '.join(map(str, shapes))}; choose layers "
            f"before the pooling."
        )

    def _distinct(self, found: list[tuple[int, str, int | None]]) -> list[InsertionPoint]:
        points: dict[Any, InsertionPoint] = {}
        for index, place, branch in found:
            key = id(self.anatomy.calls[index].node), branch
            points.setdefault(key, self._point(index, place, branch))
        return list(points.values())

    def _point(self, index: int, place: str, branch: int | None) -> InsertionPoint:
        return InsertionPoint(
            layer=self.anatomy.calls[index].path,
            place=place,
            stage=stage_of(index, self.stage_ends),
            channels=self.anatomy.channels(index),
            reason=PLACES.get(place, "chosen by name"),
            data_format=self.anatomy.data_format(index),
            dtype_policy=self.anatomy.dtype_policy(index),
            input=branch,
        )

    def _nothing_found(self, where: Any) -> str:
        calls = self.anatomy.calls
        if isinstance(where, str) and where in PLACES:
            have = [f"{len(found)} {place}" for place in PLACES if (found := self.at(place))]
            wrapped = any(self.anatomy.has_time_axis(index) for index in range(len(calls)))
            return (
                f"The model has no {where} ({PLACES[where]}). It has "
                f"{', '.join(have) or 'none of the other places'}; or choose layers by a pattern, "
                f"such as where='conv4_*'."
                + (f" Layers with a time axis are not searched. {_BY_HAND}" if wrapped else "")
            )
        paths = [call.path for call in calls]
        texts = [getattr(each, "layer", each) for each in keras.tree.flatten(where)]
        near = [
            path
            for text in texts
            if isinstance(text, str)
            for path in difflib.get_close_matches(text, paths, n=3)
        ]
        return (
            f"No layer of the model fits where={where!r}. Give one of "
            f"{', '.join(map(repr, PLACES))}, a pattern of names, a list of names, or a function "
            f"of a layer. Layers with similar names: {', '.join(near or paths[-3:])}."
        )


_BY_HAND = (
    "Insert attention into the model of one time step, and wrap the result: "
    "keras.layers.TimeDistributed(keras_attn.insert_attention(step_model, 'csa'))."
)
