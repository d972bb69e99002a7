"""The interface of a task: its outputs, loss, targets, predictions and metrics.

A study knows its task through this interface alone. A new kind of task is one file with a subclass,
and a line in `keras_attn.tasks.create`.
"""

from __future__ import annotations

from typing import Literal

import keras
import numpy as np

Scores = dict[str, float]

#: The number of outputs whose loss is computed at a time.
LARGEST_OUTPUTS = 2**22


class LearningTask:
    """What a network must return for a task, how it is trained, and how it is scored.

    Args:
        num_classes: Number of classes, or of labels.
        label_smoothing: Share of the target that is spread over all classes.

    Attributes:
        outputs: Number of logits of the network, for an image or for each pixel.
        loss: A Keras loss that is computed from logits.
        metric_names: The names of all metrics, in the order in which they are shown.
        headline: The metric that the verdicts of a study are about unless another is chosen.
        selected_by: The metric that the best epoch is chosen by, on the validation split.
        watched: A second metric that is kept for every epoch.
        located: What the labels have at positions of the image, `"masks"` or `"boxes"`, which
            augmentation must move with the image; empty if the labels are of the whole image.
    """

    outputs: int
    loss: keras.losses.Loss
    metric_names: tuple[str, ...]
    headline: str
    selected_by: str
    watched: str
    located: Literal["", "masks", "boxes"] = ""

    def __init__(self, num_classes: int, label_smoothing: float = 0.0) -> None:
        self.num_classes = num_classes

    def encode(self, labels: np.ndarray) -> np.ndarray:
        """The targets of the loss, from the labels of a split."""
        raise NotImplementedError

    def predictions(self, labels: np.ndarray, logits: np.ndarray) -> np.ndarray:
        """What the metrics are computed from, one row per image; a study keeps it."""
        raise NotImplementedError

    def scores(self, labels: np.ndarray, predictions: np.ndarray) -> Scores:
        """All metrics of `metric_names`, by name."""
        raise NotImplementedError

    def recall(self, labels: np.ndarray, predictions: np.ndarray) -> list[float]:
        """The recall of each class; NaN for a class that the split does not have."""
        raise NotImplementedError

    def kept_labels(self, labels: np.ndarray) -> np.ndarray:
        """What is kept of the labels of the test images, beside the predictions."""
        return labels

    def loss_of(self, labels: np.ndarray, logits: np.ndarray) -> float:
        """The mean loss over a split, in batches that fit into memory."""
        targets, outputs = self.encode(labels), np.asarray(logits, "float32")
        each = max(1, LARGEST_OUTPUTS // max(1, outputs[:1].size))
        parts = [slice(start, start + each) for start in range(0, len(labels), each)]
        losses = [
            keras.ops.convert_to_numpy(self.loss(targets[part], outputs[part])) for part in parts
        ]
        return float(np.average(losses, weights=[len(outputs[part]) for part in parts]))

    def weigh_classes(self, weights: np.ndarray | None) -> None:
        """Takes class weights into the loss, for tasks whose images have several classes each."""
        raise NotImplementedError
