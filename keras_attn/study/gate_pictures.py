"""A few test images with the spatial gates of a network."""

from __future__ import annotations

import keras
import numpy as np
from matplotlib.figure import Figure

from keras_attn.data.dataset import Dataset
from keras_attn.study.plots import Palette
from keras_attn.visualize import spatial_gates
from keras_attn.visualize.drawing import Panel, draw

#: The number of images that are shown.
SHOWN = 3


def draw_gates(model: keras.Model, dataset: Dataset, palette: Palette) -> Figure | None:
    """One row per image and one column per layer: the last spatial gate of each resolution.

    Args:
        model: A network with attention.
        dataset: The images; the first of each class are shown.
        palette: The colours.

    Returns:
        The figure, or None if no gate of the network varies over the image.
    """
    images, labels = dataset.test
    chosen = _first_of_each_class(labels)
    rows = gate_panels(model, images[chosen])
    if not rows[0]:
        return None
    titles = [dataset_label(dataset, index) for index in chosen]
    return draw(images[chosen], rows, titles, palette.text)


def gate_panels(model: keras.Model, images: np.ndarray) -> list[list[Panel]]:
    """For each image, a panel per resolution with the last spatial gate; none if none varies."""
    maps = spatial_gates(model, images)
    return [
        [Panel(name.replace(", ", "\n"), gates[row]) for name, gates in maps.items()]
        for row in range(len(images))
    ]


def dataset_label(dataset: Dataset, index: int) -> str:
    """The class or the labels of a test image."""
    label = dataset.test.labels[index]
    if dataset.task in ("segmentation", "detection"):
        return f"test image {index}"
    if np.ndim(label):
        return ", ".join(np.array(dataset.class_names)[label == 1]) or "no label"
    return dataset.class_names[label]


def _first_of_each_class(labels: np.ndarray) -> list[int]:
    if labels.ndim > 1:
        return list(range(min(SHOWN, len(labels))))
    return sorted(int(i) for i in np.unique(labels, return_index=True)[1][:SHOWN])
