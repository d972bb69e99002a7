"""What each of the four classification tasks needs: outputs, loss, probabilities and metrics."""

from __future__ import annotations

from collections.abc import Callable

import keras
import numpy as np
from scipy.special import expit, softmax

from keras_attn.checks import check_choice
from keras_attn.study import metrics

Scores = dict[str, float]


class TaskHead:
    """The outputs and the loss that a task needs, and how predictions are scored.

    Args:
        num_classes: Number of classes, at least 2; for a multi-label task the number of labels,
            at least 1.
        label_smoothing: Share of the target that is spread over all classes.

    Attributes:
        outputs: Number of logits of the model.
        loss: A Keras loss that is computed from logits.
    """

    outputs: int
    loss: keras.losses.Loss
    extra_metrics: tuple[str, ...] = ()

    def __init__(self, num_classes: int, label_smoothing: float = 0.0) -> None:
        self.num_classes = num_classes
        self.loss = keras.losses.BinaryCrossentropy(
            from_logits=True, label_smoothing=label_smoothing
        )

    @property
    def metric_names(self) -> tuple[str, ...]:
        """The metrics that all tasks have, then those of this task."""
        return ("accuracy", "balanced_accuracy", "auc", "calibration_error", *self.extra_metrics)

    def encode(self, labels: np.ndarray) -> np.ndarray:
        """The targets of the loss, from the labels of a split."""
        raise NotImplementedError

    def probabilities(self, logits: np.ndarray) -> np.ndarray:
        """Probabilities, (N, classes) in float64, from the model's logits."""
        raise NotImplementedError

    def scores(self, labels: np.ndarray, probabilities: np.ndarray) -> Scores:
        """All metrics of `metric_names`, by name."""
        return {
            "accuracy": metrics.accuracy(labels, probabilities),
            "balanced_accuracy": metrics.balanced_accuracy(labels, probabilities),
            "auc": metrics.auc(labels, probabilities),
            "calibration_error": metrics.calibration_error(labels, probabilities),
        }

    def loss_of(self, labels: np.ndarray, logits: np.ndarray) -> float:
        """The mean loss over a split."""
        return float(
            keras.ops.convert_to_numpy(
                self.loss(self.encode(labels), np.asarray(logits, "float32"))
            )
        )


class Binary(TaskHead):
    """Two classes, with one logit for the second class."""

    def __init__(self, num_classes: int, label_smoothing: float = 0.0) -> None:
        super().__init__(num_classes, label_smoothing)
        self.outputs = 1

    def encode(self, labels: np.ndarray) -> np.ndarray:
        """0 or 1, (N, 1)."""
        return labels.astype("float32")[:, None]

    def probabilities(self, logits: np.ndarray) -> np.ndarray:
        """The probabilities of both classes."""
        second = expit(np.asarray(logits, "float64"))
        return np.concatenate([1.0 - second, second], axis=-1)


class MultiClass(TaskHead):
    """One of several classes, with one logit per class and a softmax."""

    def __init__(self, num_classes: int, label_smoothing: float = 0.0) -> None:
        super().__init__(num_classes)
        self.outputs = num_classes
        self.is_smooth = label_smoothing > 0
        self.loss = (
            keras.losses.CategoricalCrossentropy(from_logits=True, label_smoothing=label_smoothing)
            if self.is_smooth
            else keras.losses.SparseCategoricalCrossentropy(from_logits=True)
        )

    def encode(self, labels: np.ndarray) -> np.ndarray:
        """The class indices, (N,); with label smoothing one column per class, (N, classes)."""
        if self.is_smooth:
            return np.eye(self.num_classes, dtype="float32")[labels]
        return labels.astype("int32")

    def probabilities(self, logits: np.ndarray) -> np.ndarray:
        """The softmax of the logits."""
        return softmax(np.asarray(logits, "float64"), axis=-1)


class Ordinal(TaskHead):
    """K ordered classes, with K - 1 logits: the k-th says whether the class is above k."""

    extra_metrics = ("kappa", "mean_absolute_error")

    def __init__(self, num_classes: int, label_smoothing: float = 0.0) -> None:
        super().__init__(num_classes, label_smoothing)
        self.outputs = num_classes - 1

    def encode(self, labels: np.ndarray) -> np.ndarray:
        """Whether the class is above 0, 1, ..., K - 2; (N, K - 1)."""
        return (labels[:, None] > np.arange(self.outputs)).astype("float32")

    def probabilities(self, logits: np.ndarray) -> np.ndarray:
        """The differences between neighbouring cumulative probabilities.

        Nothing keeps the logits from saying that a class above 2 is likelier than a class above
        1. The running minimum corrects this, so that no difference is negative and they sum to 1.
        """
        above = np.minimum.accumulate(expit(np.asarray(logits, "float64")), axis=-1)
        ends = np.ones((len(above), 1))
        return -np.diff(above, axis=-1, prepend=ends, append=0.0 * ends)

    def scores(self, labels: np.ndarray, probabilities: np.ndarray) -> Scores:
        """The common metrics, quadratic weighted kappa, and the mean distance in classes."""
        return super().scores(labels, probabilities) | {
            "kappa": metrics.quadratic_kappa(labels, probabilities),
            "mean_absolute_error": metrics.mean_absolute_error(labels, probabilities),
        }


class MultiLabel(TaskHead):
    """Any number of labels at once, with one logit and one sigmoid per label."""

    def __init__(self, num_classes: int, label_smoothing: float = 0.0) -> None:
        super().__init__(num_classes, label_smoothing)
        self.outputs = num_classes

    def encode(self, labels: np.ndarray) -> np.ndarray:
        """0 or 1, (N, labels)."""
        return labels.astype("float32")

    def probabilities(self, logits: np.ndarray) -> np.ndarray:
        """The probability of each label by itself."""
        return expit(np.asarray(logits, "float64"))


TASKS: dict[str, Callable[[int, float], TaskHead]] = {
    "binary": Binary,
    "multi-class": MultiClass,
    "ordinal": Ordinal,
    "multi-label": MultiLabel,
}


def task_head(task: str, num_classes: int, label_smoothing: float = 0.0) -> TaskHead:
    """The head of a task.

    Args:
        task: `"binary"`, `"multi-class"`, `"ordinal"` or `"multi-label"`.
        num_classes: Number of classes, or of labels.
        label_smoothing: Share of the target that is spread over all classes.

    Raises:
        ValueError: If the task is unknown, or the number of classes does not fit it.
    """
    check_choice("task", task, TASKS)
    least = 1 if task == "multi-label" else 2
    if num_classes < least or (task == "binary" and num_classes != 2):
        raise ValueError(
            f"A {task} task has {'exactly' if task == 'binary' else 'at least'} {least} classes. "
            f"Received: num_classes={num_classes}."
        )
    return TASKS[task](num_classes, label_smoothing)
