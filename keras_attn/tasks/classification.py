"""The four classification tasks: outputs, loss, probabilities and metrics."""

from __future__ import annotations

import keras
import numpy as np
from scipy.special import expit, softmax

from keras_attn.tasks import classification_metrics as metrics
from keras_attn.tasks.task import LearningTask, Scores


class Classification(LearningTask):
    """A task whose images have labels, which a network predicts by probabilities.

    Args:
        num_classes: Number of classes, at least 2; for a multi-label task the number of labels,
            at least 1.
        label_smoothing: Share of the target that is spread over all classes.
    """

    metric_names: tuple[str, ...] = ("accuracy", "balanced_accuracy", "auc", "calibration_error")
    headline = "auc"
    selected_by = "auc"
    watched = "accuracy"

    def __init__(self, num_classes: int, label_smoothing: float = 0.0) -> None:
        super().__init__(num_classes, label_smoothing)
        self.loss = keras.losses.BinaryCrossentropy(
            from_logits=True, label_smoothing=label_smoothing
        )

    def probabilities(self, logits: np.ndarray) -> np.ndarray:
        """Probabilities, (N, classes) in float64, from the model's logits."""
        raise NotImplementedError

    def predictions(self, labels: np.ndarray, logits: np.ndarray) -> np.ndarray:
        """The probabilities, which do not depend on the labels."""
        return self.probabilities(logits)

    def scores(self, labels: np.ndarray, predictions: np.ndarray) -> Scores:
        """All metrics of `metric_names`, by name."""
        return {
            "accuracy": metrics.accuracy(labels, predictions),
            "balanced_accuracy": metrics.balanced_accuracy(labels, predictions),
            "auc": metrics.auc(labels, predictions),
            "calibration_error": metrics.calibration_error(labels, predictions),
        }

    def recall(self, labels: np.ndarray, predictions: np.ndarray) -> list[float]:
        """The share of the images of each class that are found."""
        return metrics.recall_by_class(labels, predictions)


class Binary(Classification):
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


#: Sets with more classes have a top-5 error too.
FEW_CLASSES = 20


class MultiClass(Classification):
    """One of several classes, with one logit per class and a softmax."""

    def __init__(self, num_classes: int, label_smoothing: float = 0.0) -> None:
        super().__init__(num_classes)
        self.outputs = num_classes
        if num_classes > FEW_CLASSES:
            self.metric_names = ("accuracy", "top_5_error", *self.metric_names[1:])
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

    def scores(self, labels: np.ndarray, predictions: np.ndarray) -> Scores:
        """The common metrics and, for many classes, the top-5 error."""
        found = super().scores(labels, predictions)
        if "top_5_error" in self.metric_names:
            found["top_5_error"] = metrics.top_5_error(labels, predictions)
        return {name: found[name] for name in self.metric_names}

    def probabilities(self, logits: np.ndarray) -> np.ndarray:
        """The softmax of the logits."""
        return softmax(np.asarray(logits, "float64"), axis=-1)


class Ordinal(Classification):
    """K ordered classes, with K - 1 logits: the k-th says whether the class is above k."""

    metric_names = (*Classification.metric_names, "kappa", "mean_absolute_error")

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

    def scores(self, labels: np.ndarray, predictions: np.ndarray) -> Scores:
        """The common metrics, quadratic weighted kappa, and the mean distance in classes."""
        return super().scores(labels, predictions) | {
            "kappa": metrics.quadratic_kappa(labels, predictions),
            "mean_absolute_error": metrics.mean_absolute_error(labels, predictions),
        }


class MultiLabel(Classification):
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
