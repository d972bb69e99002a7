"""Figures of gates and class activation: the input, and each map over it with its scale."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import keras
import numpy as np
from matplotlib.figure import Figure

from keras_attn.graph.anatomy import Anatomy
from keras_attn.graph.inputs import flat_inputs
from keras_attn.graph.read import graph_of
from keras_attn.visualize.activation import class_activation_maps
from keras_attn.visualize.drawing import Panel, draw
from keras_attn.visualize.gates import channels_last_gates

#: The smallest range of the colours of a gate's map. Colours that fill any range would show the
#: rounding errors of a gate that lets everything through.
LEAST_GATE_RANGE = 0.02


def gate_maps(
    model: keras.Model | Mapping[str, keras.Model],
    images: Any,
    layers: Sequence[str] | None = None,
) -> Figure:
    """Inputs, and the gates of attention layers beside them.

    Args:
        model: A Functional model; or several by title, such as one per topology, which are drawn
            side by side.
        images: A batch of inputs, (N, H, W, channels); for a model with several inputs a list of
            batches, or a dictionary by the name of the input. The first input with most axes is
            drawn.
        layers: Names of the attention layers to draw; if None, the last at each resolution.

    Returns:
        A figure with one row per input: the input; a spatial gate as colours over it, with their
        scale; a channel gate or mixing weights as bars. Of a volume one slice is drawn, a signal
        as a line.

    Raises:
        ValueError: If there is no attention layer, or none of such a name.
    """
    models = model if isinstance(model, Mapping) else {"": model}
    pictures = _pictures(next(iter(models.values())), images)
    rows: list[list[Panel]] = [[] for _ in pictures]
    for title, each in models.items():
        for row, panels in zip(rows, _gate_panels(each, images, layers, title), strict=True):
            row.extend(panels)
    return draw(pictures, rows)


def class_activation(
    model: keras.Model | Mapping[str, keras.Model],
    images: Any,
    layer: str | None = None,
    classes: int | Sequence[int] | None = None,
    class_names: Sequence[str] | None = None,
) -> Figure:
    """Inputs, and what in them speaks for a class: `class_activation_maps` as a figure.

    Args:
        model: A Functional classifier or segmentation network; or several by title.
        images: As for `gate_maps`.
        layer: Name of the layer; the last map if None.
        classes: As for `class_activation_maps`.
        class_names: The names of the classes.

    Returns:
        A figure with one row per input: the input, and the map of each model over it.
    """
    models = model if isinstance(model, Mapping) else {"": model}
    pictures = _pictures(next(iter(models.values())), images)
    rows: list[list[Panel]] = [[] for _ in pictures]
    for title, each in models.items():
        found = _activation_panels(each, images, layer, classes, class_names, title)
        for row, panel in zip(rows, found, strict=True):
            row.append(panel)
    return draw(pictures, rows)


def explain(
    model: keras.Model,
    images: Any,
    layers: Sequence[str] | None = None,
    classes: int | Sequence[int] | None = None,
    class_names: Sequence[str] | None = None,
    titles: Sequence[str] | None = None,
) -> Figure:
    """Inputs, the gates of a network's attention, and what speaks for a class, in one figure.

    Args:
        model: A Functional classifier or segmentation network; without attention, only the class
            activation is drawn.
        images: As for `gate_maps`.
        layers: As for `gate_maps`.
        classes: As for `class_activation_maps`.
        class_names: The names of the classes.
        titles: Titles of the inputs.

    Returns:
        A figure with one row per input.
    """
    pictures = _pictures(model, images)
    try:
        rows = _gate_panels(model, images, layers)
    except NoAttentionError:
        rows = [[] for _ in pictures]
    found = _activation_panels(model, images, None, classes, class_names)
    for row, panel in zip(rows, found, strict=True):
        row.append(panel)
    return draw(pictures, rows, titles)


class NoAttentionError(ValueError):
    """A model has no attention layer of keras_attn."""


def _drawn_input(model: keras.Model, images: Any) -> np.ndarray:
    """The first of the inputs with most axes."""
    return max(flat_inputs(graph_of(model), images), key=np.ndim)


def _pictures(model: keras.Model, images: Any) -> np.ndarray:
    """The input that is drawn, with the channels on the last axis."""
    pictures = _drawn_input(model, images)
    channels_first = Anatomy(model).data_format(0) == "channels_first"
    return np.moveaxis(pictures, 1, -1) if channels_first else pictures


def _gate_panels(
    model: keras.Model, images: Any, layers: Sequence[str] | None, title: str = ""
) -> list[list[Panel]]:
    """For each input the panels of the chosen layers' gates."""
    gates = channels_last_gates(model, images)
    if not gates:
        raise NoAttentionError(f"The model {model.name!r} has no attention layer of keras_attn.")
    if layers is None:
        last = {_resolution(maps): layer for layer, maps in gates.items()}
        layers = [layer for layer in gates if layer in last.values()]
    if unknown := [layer for layer in layers if layer not in gates]:
        raise ValueError(
            f"The model has no attention layer {', '.join(map(repr, unknown))}. "
            f"It has {', '.join(gates)}."
        )
    return [
        [
            _gate_panel(f"{title}\n{layer}\n{name}".strip(), gate[index])
            for layer in layers
            for name, gate in gates[layer].items()
        ]
        for index in range(len(_drawn_input(model, images)))
    ]


def _resolution(gates: dict[str, np.ndarray]) -> tuple[int, ...]:
    """The largest sizes of a layer's gates; with its number of channels if those are 1."""
    spatial = [gate.shape[1:] for gate in gates.values() if np.prod(gate.shape[1:-1]) > 1]
    return max(spatial) if spatial else max(gate.shape[1:] for gate in gates.values())


def _gate_panel(title: str, gate: np.ndarray) -> Panel:
    """A gate of one input as a map or as bars; a gate of both kinds is averaged over channels."""
    is_strip = gate.ndim > 2 and gate.size == max(gate.shape)
    if is_strip or np.prod(gate.shape[:-1]) == 1:
        return Panel(title, gate.ravel(), bars=True)
    return Panel(title, gate.mean(axis=-1), LEAST_GATE_RANGE)


def _activation_panels(
    model: keras.Model,
    images: Any,
    layer: str | None,
    classes: int | Sequence[int] | None,
    class_names: Sequence[str] | None,
    title: str = "",
) -> list[Panel]:
    found = class_activation_maps(model, images, layer, classes)
    names = [str(each) if class_names is None else class_names[each] for each in found.classes]
    return [
        Panel(f"{title}\nclass activation\n{name}".strip(), values)
        for name, values in zip(names, found.maps, strict=True)
    ]
