"""The test images on which attention changes most, with its gate maps."""

from __future__ import annotations

import keras
from matplotlib.figure import Figure

from keras_attn.data.dataset import Dataset
from keras_attn.study.disagreements import Disagreements
from keras_attn.study.gate_pictures import dataset_label, gate_panels
from keras_attn.study.plots import Palette
from keras_attn.visualize.drawing import draw


def draw_disagreements(
    model: keras.Model, dataset: Dataset, palette: Palette, found: Disagreements | None
) -> Figure | None:
    """One row per image: the image, how many seeds are right, and the spatial gates.

    Args:
        model: The network with attention.
        dataset: The images.
        palette: The colours.
        found: The disagreements of the network and of the one without attention.

    Returns:
        The figure, or None if there are no disagreements.
    """
    if found is None or not found.clearest:
        return None
    images = dataset.test.images[found.clearest]
    titles = [
        f"{dataset_label(dataset, index)}\n"
        f"right: {found.attended[index]} of {found.seeds} seeds,\n"
        f"without attention {found.baseline[index]}"
        for index in found.clearest
    ]
    return draw(images, gate_panels(model, images), titles, palette.text)
