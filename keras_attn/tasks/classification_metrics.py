"""The metrics of classification, from labels and probabilities of shape (N, classes).

Labels of shape (N,) are class indices. Labels of shape (N, L) are 0 or 1, and each label is
scored by itself with a threshold of one half. Accuracy and AUC are those of MedMNIST's
Evaluator. A metric that a split does not define is NaN.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np
from sklearn.metrics import accuracy_score, cohen_kappa_score, roc_auc_score


def accuracy(labels: np.ndarray, probabilities: np.ndarray) -> float:
    """Share of correct predictions; for several labels, the mean of their shares."""
    return _mean(accuracy_score(*pair) for pair in _decisions(labels, probabilities))


def top_5_hits(labels: np.ndarray, probabilities: np.ndarray) -> np.ndarray:
    """Whether the class of each image is among the five with the largest probabilities.

    Of classes with equal probabilities, those that come first are taken.
    """
    order = np.argsort(-probabilities, axis=1, kind="stable")[:, :5]
    return (order == labels[:, None]).any(axis=1)


def top_5_error(labels: np.ndarray, probabilities: np.ndarray) -> float:
    """Share of the images whose class is not among the five with the largest probabilities."""
    return 1.0 - float(top_5_hits(labels, probabilities).mean())


def balanced_accuracy(labels: np.ndarray, probabilities: np.ndarray) -> float:
    """Mean recall of the classes that occur; for several labels, the mean of their means."""
    return _mean(_mean_recall(*pair) for pair in _decisions(labels, probabilities))


def auc(labels: np.ndarray, probabilities: np.ndarray) -> float:
    """Area under the ROC curve, each class against the rest, averaged over the classes.

    A class to which all images or none of the split belong has no ROC curve, and is left out of
    the average.
    """
    return _mean(roc_auc_score(*pair) for pair in classes_with_curves(labels, probabilities))


def classes_with_curves(
    labels: np.ndarray, probabilities: np.ndarray
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Membership and scores of each class that has a ROC curve, against the rest."""
    if labels.ndim == 2:
        members = labels.astype(bool)
    else:
        members = labels[:, None] == np.arange(probabilities.shape[1])
        if probabilities.shape[1] == 2:  # both classes share one curve
            members, probabilities = members[:, 1:], probabilities[:, 1:]
    for member, scores in zip(members.T, probabilities.T, strict=True):
        if member.any() and not member.all():
            yield member, scores


def recall_by_class(labels: np.ndarray, probabilities: np.ndarray) -> list[float]:
    """The recall of each class; NaN for a class without images in the split."""
    if labels.ndim == 2:
        found = probabilities > 0.5
        return [_mean(found[labels[:, name] == 1, name]) for name in range(labels.shape[1])]
    predicted = probabilities.argmax(axis=-1)
    return [_mean(predicted[labels == name] == name) for name in range(probabilities.shape[1])]


def calibration_error(labels: np.ndarray, probabilities: np.ndarray, bins: int = 15) -> float:
    """The expected calibration error (arXiv:1706.04599).

    Predictions are put into bins of equal width by their confidence. The error is the mean
    absolute difference between confidence and accuracy in a bin, weighted by the number of
    predictions. For several labels, it is the mean of their errors.

    Args:
        labels: As for all metrics.
        probabilities: As for all metrics.
        bins: The number of bins between 0 and 1.
    """
    if labels.ndim == 2:
        both = np.stack([1 - probabilities, probabilities], axis=-1)
        pairs = zip(labels.T, np.moveaxis(both, 1, 0), strict=True)
        return _mean(calibration_error(*pair, bins) for pair in pairs)
    confidence = probabilities.max(axis=-1)
    correct = probabilities.argmax(axis=-1) == labels
    places = np.minimum((confidence * bins).astype(int), bins - 1)
    gaps = np.bincount(places, correct - confidence, minlength=bins)
    return float(np.abs(gaps).sum() / len(labels))


def quadratic_kappa(labels: np.ndarray, probabilities: np.ndarray) -> float:
    """Cohen's kappa with quadratic weights: 1 is full agreement, 0 is the level of chance."""
    predicted = probabilities.argmax(axis=-1)
    if len(np.union1d(labels, predicted)) < 2:
        return float("nan")
    classes = range(probabilities.shape[1])
    return float(cohen_kappa_score(labels, predicted, labels=classes, weights="quadratic"))


def mean_absolute_error(labels: np.ndarray, probabilities: np.ndarray) -> float:
    """The mean distance between predicted and true class, in classes."""
    return float(np.abs(labels - probabilities.argmax(axis=-1)).mean())


def _decisions(
    labels: np.ndarray, probabilities: np.ndarray
) -> list[tuple[np.ndarray, np.ndarray]]:
    """Pairs of true and predicted classes: one pair, or one per label."""
    if labels.ndim == 1:
        return [(labels, probabilities.argmax(axis=-1))]
    return list(zip(labels.T, (probabilities > 0.5).astype(labels.dtype).T, strict=True))


def _mean_recall(labels: np.ndarray, predicted: np.ndarray) -> float:
    return _mean((predicted[labels == name] == name).mean() for name in np.unique(labels))


def _mean(values: Iterable[float]) -> float:
    values = list(values)
    return float(np.mean(values)) if values else float("nan")
