"""Figures of gates and class activation: the image, each map over it, and its scale.

They are made without pyplot, so that nothing of the caller's is drawn into or kept open.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from keras_attn.visualize.activation import class_activation_maps
from keras_attn.visualize.gates import read_gates

#: Of the colours of a gate's map. Colours that fill any range would show the rounding errors of a
#: gate that lets everything through.
LEAST_GATE_RANGE = 0.02


@dataclass(frozen=True)
class Panel:
    """What is drawn beside an image.

    Attributes:
        title: Above it.
        values: A map, (h, w), which is laid over the image; or a number a channel or branch,
            (n,), which are drawn as bars.
        least_range: Of a map's colours: what varies less is drawn nearly alike.
    """

    title: str
    values: np.ndarray
    least_range: float = 0.0


def gate_maps(
    model: keras.Model | Mapping[str, keras.Model],
    images: np.ndarray,
    layers: Sequence[str] | None = None,
) -> Figure:
    """Images, and the gates of attention layers beside them.

    Args:
        model: A Functional model; or several by title, such as one a topology, which are drawn
            side by side.
        images: A batch of inputs, (N, H, W, channels).
        layers: Names of the attention layers to draw; if None, the last at each resolution.

    Returns:
        A figure with a row an image: the image; a spatial gate as colours over it, with their
        scale; a channel gate or mixing weights as bars.

    Raises:
        ValueError: If there is no attention layer, or none of such a name.
    """
    models = model if isinstance(model, Mapping) else {"": model}
    rows: list[list[Panel]] = [[] for _ in images]
    for title, each in models.items():
        for row, panels in zip(rows, _gate_panels(each, images, layers, title), strict=True):
            row.extend(panels)
    return draw(images, rows)


def class_activation(
    model: keras.Model | Mapping[str, keras.Model],
    images: np.ndarray,
    layer: str | None = None,
    classes: int | Sequence[int] | None = None,
    class_names: Sequence[str] | None = None,
) -> Figure:
    """Images, and what in them speaks for a class (Grad-CAM).

    Args:
        model: A Functional classifier; or several by title, which are drawn side by side.
        images: A batch of inputs, (N, H, W, channels).
        layer: As for `class_activation_maps`.
        classes: As for `class_activation_maps`.
        class_names: What the classes are called.

    Returns:
        A figure with a row an image.
    """
    models = model if isinstance(model, Mapping) else {"": model}
    rows: list[list[Panel]] = [[] for _ in images]
    for title, each in models.items():
        found = _activation_panels(each, images, layer, classes, class_names, title)
        for row, panel in zip(rows, found, strict=True):
            row.append(panel)
    return draw(images, rows)


def explain(
    model: keras.Model,
    images: np.ndarray,
    layers: Sequence[str] | None = None,
    classes: int | Sequence[int] | None = None,
    class_names: Sequence[str] | None = None,
    titles: Sequence[str] | None = None,
) -> Figure:
    """Images, the gates of a classifier's attention, and what speaks for a class, in one figure.

    Args:
        model: A Functional classifier; without attention, only the class activation is drawn.
        images: A batch of inputs, (N, H, W, channels).
        layers: As for `gate_maps`.
        classes: As for `class_activation_maps`.
        class_names: What the classes are called.
        titles: Of the images.
    """
    try:
        rows = _gate_panels(model, images, layers)
    except NoAttentionError:
        rows = [[] for _ in images]
    for row, panel in zip(
        rows, _activation_panels(model, images, None, classes, class_names), strict=True
    ):
        row.append(panel)
    return draw(images, rows, titles)


class NoAttentionError(ValueError):
    """A model has no attention layer of keras_attn."""


def _gate_panels(
    model: keras.Model, images: np.ndarray, layers: Sequence[str] | None, title: str = ""
) -> list[list[Panel]]:
    """For each image the panels of the chosen layers' gates."""
    gates = read_gates(model, images)
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
            Panel(f"{title}\n{layer}\n{name}".strip(), _values(gate[index]), LEAST_GATE_RANGE)
            for layer in layers
            for name, gate in gates[layer].items()
        ]
        for index in range(len(images))
    ]


def _resolution(gates: dict[str, np.ndarray]) -> tuple[int, ...]:
    """The largest height and width of a layer's gates; with its number of channels if that is 1."""
    spatial = [gate.shape[1:] for gate in gates.values() if np.prod(gate.shape[1:-1]) > 1]
    return max(spatial) if spatial else max(gate.shape[1:] for gate in gates.values())


def _values(gate: np.ndarray) -> np.ndarray:
    """A gate of one image as a map or as bars; a gate of both kinds is averaged over channels."""
    if np.prod(gate.shape) == max(gate.shape):
        return gate.ravel()
    return np.squeeze(gate, -1) if gate.shape[-1] == 1 else gate.mean(axis=-1)


def _activation_panels(
    model: keras.Model,
    images: np.ndarray,
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


def draw(
    images: np.ndarray,
    rows: list[list[Panel]],
    titles: Sequence[str] | None = None,
    text: str = "#1f2933",
) -> Figure:
    """A row an image: the image, and its panels.

    Args:
        images: (N, H, W, channels).
        rows: For each image as many panels.
        titles: Of the images.
        text: The colour of what is written.
    """
    columns = 1 + max(map(len, rows))
    figure = Figure(figsize=(2.3 * columns, 2.5 * len(rows)), layout="constrained")
    grid = figure.subplots(len(rows), columns, squeeze=False)
    for row, (image, panels) in enumerate(zip(images, rows, strict=True)):
        picture = displayable(image)
        title = "input" if titles is None else titles[row]
        _show_image(grid[row][0], picture, title, text)
        for axes, panel in zip(grid[row][1:], panels, strict=True):
            if panel.values.ndim == 1:
                _show_bars(axes, panel, text)
            else:
                _show_overlay(figure, axes, picture, panel, text)
    return figure


def displayable(image: np.ndarray) -> np.ndarray:
    """An image as (H, W) or (H, W, 3) in [0, 1]: pixel values, or numbers of any range."""
    picture = np.asarray(image, "float32")
    low, high = float(picture.min()), float(picture.max())
    if low >= 0 and high <= 255:
        low, high = 0.0, 255.0 if high > 1 else 1.0
    picture = (picture - low) / max(high - low, 1e-12)
    if picture.shape[-1] == 1:
        return picture[..., 0]
    return picture if picture.shape[-1] == 3 else picture.mean(axis=-1)


def colour_range(panel: Panel) -> tuple[float, float]:
    """The values at which the colours of a map begin and end."""
    low, high = float(panel.values.min()), float(panel.values.max())
    widening = max(0.0, panel.least_range - (high - low)) / 2
    return low - widening, high + widening


def _show_image(axes: Axes, picture: np.ndarray, title: str, text: str) -> None:
    axes.imshow(picture, cmap="gray", vmin=0, vmax=1, interpolation="nearest")
    _label(axes, title, text)
    axes.axis("off")


def _show_overlay(figure: Figure, axes: Axes, picture: np.ndarray, panel: Panel, text: str) -> None:
    """The map in colours over the image in grey, and what the colours mean."""
    gray = picture if picture.ndim == 2 else picture.mean(axis=-1)
    height, width = gray.shape
    extent = (-0.5, width - 0.5, height - 0.5, -0.5)
    axes.imshow(gray, cmap="gray", vmin=0, vmax=1, interpolation="nearest", extent=extent)
    low, high = colour_range(panel)
    colours: Any = axes.imshow(
        panel.values,
        cmap="viridis",
        vmin=low,
        vmax=high,
        alpha=0.65,
        interpolation="nearest",
        extent=extent,
    )
    bar = figure.colorbar(colours, ax=axes, fraction=0.046, pad=0.03)
    bar.ax.tick_params(labelsize=6, colors=text)
    bar.ax.locator_params(nbins=4)
    _label(axes, panel.title, text)
    axes.axis("off")


def _show_bars(axes: Axes, panel: Panel, text: str) -> None:
    """A bar a channel or branch."""
    positions = np.arange(len(panel.values))
    axes.bar(positions, panel.values, width=1.0 if len(positions) > 8 else 0.7, color="#2563eb")
    axes.set_box_aspect(1)
    axes.tick_params(labelsize=6, colors=text)
    axes.locator_params(nbins=4)
    axes.spines[["top", "right"]].set_visible(False)
    _label(axes, panel.title, text)


def _label(axes: Axes, title: str, text: str) -> None:
    axes.set_title(title.replace("$", r"\$"), fontsize=7, color=text)
