"""A few test images, and where the attention of a network looks in them."""

from __future__ import annotations

import keras
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from keras_attn.data.dataset import Dataset
from keras_attn.study.plots import Palette
from keras_attn.visualize import spatial_gates

#: How many images are shown.
SHOWN = 3


def draw_gates(model: keras.Model, dataset: Dataset, palette: Palette) -> Figure | None:
    """A row an image, a column a layer: the last one with a spatial gate at each resolution.

    Args:
        model: A network with attention.
        dataset: The images; the first of each class are shown.
        palette: The colours.

    Returns:
        The figure, or None if no gate of the network varies over the image.
    """
    images, labels = dataset.test
    chosen = _first_of_each_class(labels)
    maps = spatial_gates(model, images[chosen])
    if not maps:
        return None
    figure = Figure(figsize=(2.1 * (1 + len(maps)), 2.2 * len(chosen)), layout="constrained")
    rows = figure.subplots(len(chosen), 1 + len(maps), squeeze=False)
    for row, image in enumerate(images[chosen]):
        _show(rows[row][0], np.squeeze(image), "gray", dataset_label(dataset, chosen[row]), palette)
        for axes, (name, gates) in zip(rows[row][1:], maps.items(), strict=True):
            gate = gates[row]
            title = f"{name}\n{gate.min():.2f} to {gate.max():.2f}"
            _show(axes, gate, "viridis", title, palette)
    return figure


def dataset_label(dataset: Dataset, index: int) -> str:
    """What a test image shows."""
    label = dataset.test.labels[index]
    if np.ndim(label):
        return ", ".join(np.array(dataset.class_names)[label == 1]) or "no label"
    return dataset.class_names[label]


def _first_of_each_class(labels: np.ndarray) -> list[int]:
    if labels.ndim == 2:
        return list(range(min(SHOWN, len(labels))))
    return sorted(int(i) for i in np.unique(labels, return_index=True)[1][:SHOWN])


def _show(axes: Axes, picture: np.ndarray, colours: str, title: str, palette: Palette) -> None:
    axes.imshow(picture, cmap=colours, interpolation="nearest")
    axes.set_title(title.replace("$", r"\$"), fontsize=8, color=palette.text)
    axes.axis("off")
