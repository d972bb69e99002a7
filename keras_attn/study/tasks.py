"""The four kinds of task: how many outputs, which loss, which probabilities, which metrics."""

from __future__ import annotations

from collections.abc import Callable

import keras
import numpy as np

from keras_attn.study import metrics

Scores = dict[str, float]


class TaskHead:
    """What a kind of task asks of a model, and how its answers are judged.

    Args:
        num_classes: Number of classes, at least 2; of labels, at least 1, if multi-label.

    Attributes:
        outputs: How many logits the model gives.
        loss: A Keras loss, from logits.
    """

    outputs: int
    loss: keras.losses.Loss
    extra_metrics: tuple[str, ...] = ()

    def __init__(self, num_classes: int) -> None:
        self.num_classes = num_classes

    @property
    def metric_names(self) -> tuple[str, ...]:
        """Those that all tasks have, and those of the task alone."""
        return ("accuracy", "balanced_accuracy", "auc", "calibration_error", *self.extra_metrics)

    def encode(self, labels: np.ndarray) -> np.ndarray:
        """The targets of the loss, from a split's labels."""
        raise NotImplementedError

    def probabilities(self, logits: np.ndarray) -> np.ndarray:
        """Probabilities, (N, classes) in float64, from the model's logits."""
        raise NotImplementedError

    def scores(self, labels: np.ndarray, probabilities: np.ndarray) -> Scores:
        """The metrics of `metric_names`."""
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
    """Two classes, one logit: that of the second class."""

    def __init__(self, num_classes: int) -> None:
        super().__init__(num_classes)
        self.outputs = 1
        self.loss = keras.losses.BinaryCrossentropy(from_logits=True)

    def encode(self, labels: np.ndarray) -> np.ndarray:
        """0 or 1, (N, 1)."""
        return labels.astype("float32")[:, None]

    def probabilities(self, logits: np.ndarray) -> np.ndarray:
        """Those of both classes."""
        second = sigmoid(logits)
        return np.concatenate([1.0 - second, second], axis=-1)


class MultiClass(TaskHead):
    """One of several classes: a logit a class, softmax."""

    def __init__(self, num_classes: int) -> None:
        super().__init__(num_classes)
        self.outputs = num_classes
        self.loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)

    def encode(self, labels: np.ndarray) -> np.ndarray:
        """The class indices, (N,)."""
        return labels.astype("int32")

    def probabilities(self, logits: np.ndarray) -> np.ndarray:
        """The softmax of the logits."""
        logits = np.asarray(logits, "float64")
        powers = np.exp(logits - logits.max(axis=-1, keepdims=True))
        return powers / powers.sum(axis=-1, keepdims=True)


class Ordinal(TaskHead):
    """Classes in an order: K - 1 logits, the k-th asks whether the class is above k."""

    extra_metrics = ("kappa", "mean_absolute_error")

    def __init__(self, num_classes: int) -> None:
        super().__init__(num_classes)
        self.outputs = num_classes - 1
        self.loss = keras.losses.BinaryCrossentropy(from_logits=True)

    def encode(self, labels: np.ndarray) -> np.ndarray:
        """Whether the class is above 0, 1, ..., K - 2; (N, K - 1)."""
        return (labels[:, None] > np.arange(self.outputs)).astype("float32")

    def probabilities(self, logits: np.ndarray) -> np.ndarray:
        """The steps between neighbouring cumulative probabilities.

        The logits are free to say that a class above 2 is likelier than one above 1. The running
        minimum takes that back, so that no step is negative and the steps sum to 1.
        """
        above = np.minimum.accumulate(sigmoid(logits), axis=-1)
        ends = np.ones((len(above), 1))
        return -np.diff(above, axis=-1, prepend=ends, append=0.0 * ends)

    def scores(self, labels: np.ndarray, probabilities: np.ndarray) -> Scores:
        """The common metrics, quadratic weighted kappa, and the mean distance in classes."""
        return super().scores(labels, probabilities) | {
            "kappa": metrics.quadratic_kappa(labels, probabilities),
            "mean_absolute_error": metrics.mean_absolute_error(labels, probabilities),
        }


class MultiLabel(TaskHead):
    """Any number of labels at once: a logit and a sigmoid each."""

    def __init__(self, num_classes: int) -> None:
        super().__init__(num_classes)
        self.outputs = num_classes
        self.loss = keras.losses.BinaryCrossentropy(from_logits=True)

    def encode(self, labels: np.ndarray) -> np.ndarray:
        """0 or 1, (N, labels)."""
        return labels.astype("float32")

    def probabilities(self, logits: np.ndarray) -> np.ndarray:
        """That of each label, on its own."""
        return sigmoid(logits)


TASKS: dict[str, Callable[[int], TaskHead]] = {
    "binary": Binary,
    "multi-class": MultiClass,
    "ordinal": Ordinal,
    "multi-label": MultiLabel,
}


def task_head(task: str, num_classes: int) -> TaskHead:
    """The head of a kind of task.

    Args:
        task: `"binary"`, `"multi-class"`, `"ordinal"` or `"multi-label"`.
        num_classes: Number of classes, or of labels.

    Raises:
        ValueError: If there is no such kind of task, or too few classes for it.
    """
    if task not in TASKS:
        raise ValueError(f"`task` must be one of {', '.join(TASKS)}. Received: task={task!r}.")
    least = 1 if task == "multi-label" else 2
    if num_classes < least or (task == "binary" and num_classes != 2):
        raise ValueError(
            f"A {task} task has {'exactly' if task == 'binary' else 'at least'} {least} classes. "
            f"Received: num_classes={num_classes}."
        )
    return TASKS[task](num_classes)


def sigmoid(logits: np.ndarray) -> np.ndarray:
    """The logistic function in float64, which no logit overflows."""
    half = 0.5 * np.asarray(logits, "float64")
    return 0.5 * (1.0 + np.tanh(half))
