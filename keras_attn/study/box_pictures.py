"""Detections beside the true boxes: the worst test image, the median one and the best."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
from matplotlib import colormaps
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from keras_attn.data.boxes import CLASS, objects_of
from keras_attn.data.dataset import Dataset
from keras_attn.study.batches import predict_batches
from keras_attn.study.plots import Palette
from keras_attn.tasks.create import learning_task
from keras_attn.tasks.detection_metrics import score_of_images
from keras_attn.visualize.drawing import displayable

#: Detections with a smaller probability are not drawn.
LEAST_SCORE = 0.3

#: Images per prediction.
BATCH = 8


def draw_boxes(model: keras.Model, dataset: Dataset, palette: Palette) -> Figure:
    """One row for each of three test images: its true boxes, and the detections with their scores.

    Args:
        model: A detector.
        dataset: Images and boxes.
        palette: The colours of the text.
    """
    images, boxes = dataset.test
    task = learning_task(dataset.task, len(dataset.class_names))
    found = task.predictions(boxes, predict_batches(model.predict_on_batch, images, BATCH))
    scores = np.nan_to_num(score_of_images(boxes, found), nan=2.0)
    order = np.argsort(scores, kind="stable")
    known = order[scores[order] <= 1.0]  # images without boxes have no score
    chosen = {"worst": known[0], "median": known[len(known) // 2], "best": known[-1]}
    figure = Figure(figsize=(9.2, 3.4 * len(chosen)), layout="constrained")
    grid = figure.subplots(len(chosen), 2, squeeze=False)
    for row, (name, index) in zip(grid, chosen.items(), strict=True):
        detections = objects_of(found[index])
        panels = {
            f"{name} image, true boxes": objects_of(boxes[index])[:, :5],
            f"detections, AP at IoU 0.50 {scores[index]:.3f}": detections[
                detections[:, 5] >= LEAST_SCORE
            ],
        }
        for axes, (title, rows) in zip(row, panels.items(), strict=True):
            picture = displayable(images[index])
            height, width = picture.shape[:2]
            # The edges of pixels, not their centres, have whole numbers, as the sides of boxes do.
            axes.imshow(
                picture,
                cmap="gray" if picture.ndim == 2 else None,
                extent=(0, width, height, 0),
            )
            axes.set_title(title, color=palette.text, fontsize=9)
            axes.set_axis_off()
            for box in rows:
                _draw(axes, box, dataset.class_names)
    return figure


def _draw(axes: Any, box: np.ndarray, class_names: tuple[str, ...]) -> None:
    """A box with the name of its class, and its probability if there is one."""
    left, top, right, bottom = box[:4]
    colour = colormaps["tab10"](int(box[CLASS]) % 10)
    axes.add_patch(
        Rectangle((left, top), right - left, bottom - top, fill=False, color=colour, linewidth=1.2)
    )
    score = f" {box[5]:.2f}" if len(box) > 5 else ""
    axes.text(
        left,
        top,
        f"{class_names[int(box[CLASS])]}{score}",
        color="white",
        fontsize=5,
        verticalalignment="bottom",
        bbox={"facecolor": colour, "edgecolor": "none", "pad": 0.8},
    )
