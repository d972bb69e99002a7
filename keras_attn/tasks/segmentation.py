"""Segmentation: a class for each pixel, with cross-entropy plus Dice as its loss."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
from keras import ops

from keras_attn.tasks import segmentation_metrics as metrics
from keras_attn.tasks.task import LearningTask, Scores


class Segmentation(LearningTask):
    """One of several classes for each pixel; pixels of the void, 255, count nowhere.

    With two classes the network returns one logit per pixel, that of the second class, else one per
    class.

    Args:
        num_classes: Number of classes without the void, at least 2.
        label_smoothing: Share of the target of the cross-entropy that is spread over all classes.
    """

    metric_names = ("dice", "iou", "miou", "pixel_accuracy")
    headline = "dice"
    selected_by = "dice"
    watched = "pixel_accuracy"
    located = "masks"

    def __init__(self, num_classes: int, label_smoothing: float = 0.0) -> None:
        super().__init__(num_classes, label_smoothing)
        self.outputs = 1 if num_classes == 2 else num_classes
        self.label_smoothing = label_smoothing
        self.weigh_classes(None)

    def weigh_classes(self, weights: np.ndarray | None) -> None:
        """Weighs the pixels of each class in the cross-entropy; None for equal weights."""
        self.loss = CrossEntropyAndDice(self.num_classes, self.label_smoothing, weights)

    def encode(self, labels: np.ndarray) -> np.ndarray:
        """The class of each pixel, (N, H, W, 1)."""
        return labels[..., np.newaxis]

    def predicted(self, logits: np.ndarray) -> np.ndarray:
        """The most probable class of each pixel, (N, H, W)."""
        if self.outputs == 1:
            return (logits[..., 0] > 0).astype("uint8")
        return logits.argmax(axis=-1).astype("uint8")

    def predictions(self, labels: np.ndarray, logits: np.ndarray) -> np.ndarray:
        """Pixels of each image by true and predicted class, (N, classes, classes)."""
        return self.predictions_of(labels, self.predicted(logits))

    def predictions_of(self, labels: np.ndarray, predicted: np.ndarray) -> np.ndarray:
        """The same, from predicted classes."""
        return metrics.pixel_counts(labels, predicted, self.num_classes)

    def scores(self, labels: np.ndarray, predictions: np.ndarray) -> Scores:
        """Means over the images, and the pooled mean IoU."""
        return {
            "dice": float(np.nanmean(metrics.dice_of_images(predictions))),
            "iou": float(np.nanmean(metrics.iou_of_images(predictions))),
            "miou": metrics.pooled_miou(predictions),
            "pixel_accuracy": float(np.nanmean(metrics.accuracy_of_images(predictions))),
        }

    def recall(self, labels: np.ndarray, predictions: np.ndarray) -> list[float]:
        """The share of the pixels of each class that are found."""
        return metrics.recall_of_classes(predictions)

    def kept_labels(self, labels: np.ndarray) -> np.ndarray:
        """One number per image: the counts that are kept contain the true classes."""
        return np.zeros(len(labels), "uint8")


class CrossEntropyAndDice(keras.losses.Loss):
    """Cross-entropy plus one minus the soft Dice coefficient, for each image.

    Formula: `mean_i(w_i CE_i) + 1 - mean_k((2 sum_i p_ik t_ik + 1) / (sum_i (p_ik + t_ik) + 1))`,
    over the pixels i that are not void and the classes k; with two classes over the second alone.

    Args:
        num_classes: Number of classes.
        label_smoothing: Share of the target of the cross-entropy that is spread over all classes.
        class_weights: The weight of each class in the cross-entropy; None for equal weights.
    """

    def __init__(
        self,
        num_classes: int,
        label_smoothing: float = 0.0,
        class_weights: np.ndarray | None = None,
    ) -> None:
        super().__init__(name="cross_entropy_and_dice")
        self.num_classes = num_classes
        self.label_smoothing = label_smoothing
        weights = np.ones(num_classes) if class_weights is None else class_weights
        self.class_weights = np.asarray(weights, "float32")

    def call(self, y_true: Any, y_pred: Any) -> Any:
        """(N, H, W, 1) classes, (N, H, W, outputs) logits -> (N,)."""
        logits = ops.cast(y_pred, "float32")
        if self.num_classes == 2:
            logits = ops.concatenate([ops.zeros_like(logits), logits], axis=-1)
        logarithms = ops.log_softmax(logits, axis=-1)
        truth = ops.cast(ops.equal(y_true, np.arange(self.num_classes, dtype="float32")), "float32")
        known = ops.sum(truth, axis=-1, keepdims=True)
        return self._cross_entropy(truth, logarithms) + self._dice(truth, known, logarithms)

    def _cross_entropy(self, truth: Any, logarithms: Any) -> Any:
        smooth = self.label_smoothing / self.num_classes
        targets = (1 - self.label_smoothing) * truth + smooth
        weights = ops.sum(truth * ops.convert_to_tensor(self.class_weights), axis=-1)
        losses = -ops.sum(targets * logarithms, axis=-1) * weights
        positions = tuple(range(1, len(losses.shape)))
        return ops.sum(losses, positions) / ops.maximum(ops.sum(weights, positions), 1e-6)

    def _dice(self, truth: Any, known: Any, logarithms: Any) -> Any:
        found = ops.exp(logarithms) * known
        if self.num_classes == 2:
            truth, found = truth[..., 1:], found[..., 1:]
        positions = tuple(range(1, len(truth.shape) - 1))
        both = ops.sum(truth * found, positions)
        total = ops.sum(truth + found, positions)
        return 1 - ops.mean((2 * both + 1) / (total + 1), axis=-1)
