"""Predicted masks beside the true ones: the worst test image, the median one and the best."""

from __future__ import annotations

import keras
import numpy as np
from matplotlib import colormaps
from matplotlib.figure import Figure

from keras_attn.data.checks import VOID
from keras_attn.data.dataset import Dataset
from keras_attn.study.batches import predict_batches
from keras_attn.study.plots import Palette
from keras_attn.tasks.segmentation import Segmentation
from keras_attn.tasks.segmentation_metrics import dice_of_images
from keras_attn.visualize.drawing import displayable

#: Colours of errors in a segmentation with a foreground: missed, and found where it is not.
MISSED, EXTRA, RIGHT = (0.86, 0.15, 0.15), (0.96, 0.62, 0.04), (0.13, 0.59, 0.42)

#: How much of a colour covers the image.
COVER = 0.55

#: Images per prediction.
BATCH = 16


def draw_masks(model: keras.Model, dataset: Dataset, palette: Palette) -> Figure:
    """One row for each of three test images: the image, its mask, the prediction and the errors.

    Args:
        model: A network that returns a map of logits.
        dataset: Images and masks.
        palette: The colours of the text.
    """
    task = Segmentation(len(dataset.class_names))
    images, masks = dataset.test
    found = task.predicted(predict_batches(model.predict_on_batch, images, BATCH))
    dice = np.nan_to_num(dice_of_images(task.predictions_of(masks, found)), nan=2.0)
    order = np.argsort(dice, kind="stable")
    chosen = {"worst": order[0], "median": order[len(order) // 2], "best": order[-1]}
    figure = Figure(figsize=(9.2, 2.5 * len(chosen)), layout="constrained")
    grid = figure.subplots(len(chosen), 4, squeeze=False)
    for row, (name, index) in zip(grid, chosen.items(), strict=True):
        picture = _as_colour(displayable(images[index]))
        panels = {
            f"{name} image": picture,
            "true mask": covered(picture, masks[index], task.num_classes),
            f"prediction, Dice {dice[index]:.3f}": covered(picture, found[index], task.num_classes),
            "errors": errors(picture, masks[index], found[index], task.num_classes),
        }
        for axes, (title, panel) in zip(row, panels.items(), strict=True):
            axes.imshow(panel, interpolation="nearest")
            axes.set_title(title, color=palette.text, fontsize=9)
            axes.set_axis_off()
    return figure


def covered(picture: np.ndarray, mask: np.ndarray, num_classes: int) -> np.ndarray:
    """An image under the colours of the classes; the background of two classes has none.

    Args:
        picture: (H, W, 3) in [0, 1].
        mask: (H, W) class indices.
        num_classes: Number of classes.
    """
    colours = colormaps["tab20"](np.arange(20))[:, :3]
    painted = picture.copy()
    for label in range(1 if num_classes == 2 else 0, num_classes):
        _paint(painted, mask == label, RIGHT if num_classes == 2 else colours[label % 20])
    return painted


def errors(
    picture: np.ndarray, mask: np.ndarray, found: np.ndarray, num_classes: int
) -> np.ndarray:
    """An image with its wrong pixels coloured: of a foreground, red is missed and orange is extra.

    Args:
        picture: (H, W, 3) in [0, 1].
        mask: (H, W) true class indices; the void is never wrong.
        found: (H, W) predicted class indices.
        num_classes: Number of classes.
    """
    painted = picture.copy()
    wrong = (mask != found) & (mask != VOID)
    missed = wrong & (mask > 0) if num_classes == 2 else wrong
    _paint(painted, missed, MISSED)
    _paint(painted, wrong & ~missed, EXTRA)
    return painted


def _paint(picture: np.ndarray, where: np.ndarray, colour: object) -> None:
    picture[where] = (1 - COVER) * picture[where] + COVER * np.asarray(colour)


def _as_colour(picture: np.ndarray) -> np.ndarray:
    grey = picture if picture.ndim == 3 else picture[..., np.newaxis]
    return np.broadcast_to(grey, (*grey.shape[:2], 3)).astype("float64")
