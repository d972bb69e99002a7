"""The errors of each variant on the test images: confusions, ROC curve, reliability."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from sklearn.metrics import roc_curve

from keras_attn.study.grid import Group, TrialKey
from keras_attn.study.predictions import Predictions
from keras_attn.study.trial import Trial
from keras_attn.tasks.classification_metrics import classes_with_curves

#: The false positive rates at which ROC curves are averaged.
RATES = np.linspace(0, 1, 101)

#: The number of bins of equal width between 0 and 1 for reliability.
BINS = 15

#: The accuracy of fewer predictions is not shown.
LEAST_IN_BIN = 10

#: Confusions of more classes are not kept.
MOST_CLASSES = 30


@dataclass(frozen=True)
class Outcome:
    """The errors of one variant, as means over its seeds.

    Attributes:
        confusion: The share of the images of each true class (rows) that is predicted as each class
            (columns); None for several labels per image, and for many classes.
        sensitivity: The true positive rate at each of `RATES`, averaged over the classes.
        confidence: The mean confidence of the predictions in each bin; NaN for bins with few.
        accuracy: The share of them that is correct.
    """

    confusion: np.ndarray | None
    sensitivity: np.ndarray
    confidence: np.ndarray
    accuracy: np.ndarray


def outcomes_of(
    predictions: Predictions, group: Group, trials: Mapping[TrialKey, Trial]
) -> dict[str, Outcome]:
    """The outcome of each variant; those of which predictions are missing are left out.

    Args:
        predictions: The predictions that were kept.
        group: The image set and training size.
        trials: The trials of the group.
    """
    kept = predictions.labels(group)
    if kept is None:
        return {}
    labels, _ = kept
    by_variant: dict[str, list[np.ndarray | None]] = {}
    for key, trial in trials.items():
        if trial.best:
            by_variant.setdefault(key.topology, []).append(predictions.of(key))
    return {
        variant: outcome(labels, [each for each in found if each is not None])
        for variant, found in by_variant.items()
        if all(each is not None for each in found)
    }


def majority(predictions: Predictions, group: Group) -> float | None:
    """The accuracy of always answering the most frequent class; None for several labels."""
    kept = predictions.labels(group)
    if kept is None or kept[0].ndim > 1:
        return None
    return float(np.unique(kept[0], return_counts=True)[1].max() / len(kept[0]))


def outcome(labels: np.ndarray, predictions: list[np.ndarray]) -> Outcome:
    """The outcome of one variant.

    Args:
        labels: Class indices (N,), or 0 and 1 for each label (N, L).
        predictions: Probabilities (N, classes) for each seed.
    """
    classes = predictions[0].shape[1]
    confusion = None
    if labels.ndim == 1 and classes <= MOST_CLASSES:
        confusion = np.mean([_confusion(labels, each) for each in predictions], axis=0)
    sensitivity = np.mean([_sensitivity(labels, each) for each in predictions], axis=0)
    confidence, accuracy = _reliability(labels, predictions)
    return Outcome(confusion, sensitivity, confidence, accuracy)


def _confusion(labels: np.ndarray, probabilities: np.ndarray) -> np.ndarray:
    classes = probabilities.shape[1]
    places = labels.astype(int) * classes + probabilities.argmax(axis=1)
    counts = np.bincount(places, minlength=classes**2).reshape(classes, classes).astype(float)
    return counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)


def _sensitivity(labels: np.ndarray, probabilities: np.ndarray) -> np.ndarray:
    """The mean over the classes that have a ROC curve."""
    curves = []
    for member, scores in classes_with_curves(labels, probabilities):
        false, true, _ = roc_curve(member, scores)
        curves.append(np.interp(RATES, false, true))
    return np.mean(curves, axis=0) if curves else np.full(len(RATES), np.nan)


def _reliability(
    labels: np.ndarray, predictions: list[np.ndarray]
) -> tuple[np.ndarray, np.ndarray]:
    """Mean confidence and accuracy in each bin, over the predictions of all seeds."""
    probabilities = np.stack(predictions)
    if labels.ndim == 1:
        confidence = probabilities.max(axis=-1).ravel()
        correct = (probabilities.argmax(axis=-1) == labels).ravel()
    else:
        confidence = np.maximum(probabilities, 1 - probabilities).ravel()
        correct = ((probabilities > 0.5) == labels).ravel()
    places = np.minimum((confidence * BINS).astype(int), BINS - 1)
    counts = np.bincount(places, minlength=BINS)
    known = np.where(counts >= LEAST_IN_BIN, counts, np.nan)
    return (
        np.bincount(places, confidence, minlength=BINS) / known,
        np.bincount(places, correct, minlength=BINS) / known,
    )
