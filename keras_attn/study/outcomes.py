"""The errors of each variant on the test images: confusions, ROC curve, reliability."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from sklearn.metrics import roc_curve

from keras_attn.study.grid import TrialKey
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

#: The labels of the test images of one trial, and its predictions for them.
Tested = tuple[np.ndarray, np.ndarray]


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


def outcomes_of(predictions: Predictions, trials: Mapping[TrialKey, Trial]) -> dict[str, Outcome]:
    """The outcome of each variant; those of which predictions are missing are left out.

    Args:
        predictions: The predictions that were kept.
        trials: The trials of one image set and training size.
    """
    by_variant: dict[str, list[Tested]] = {}
    incomplete = set()
    for key in (key for key, trial in trials.items() if trial.best):
        labels, found = predictions.labels_of(key), predictions.of(key)
        if labels is None or found is None:
            incomplete.add(key.topology)
        else:
            by_variant.setdefault(key.topology, []).append((labels, found))
    return {
        variant: outcome(tested)
        for variant, tested in by_variant.items()
        if variant not in incomplete
    }


def majority(predictions: Predictions, trials: Mapping[TrialKey, Trial]) -> float | None:
    """The accuracy of always answering the most frequent class; None for several labels.

    Args:
        predictions: The predictions that were kept.
        trials: The trials of one image set and training size.
    """
    by_seed = {key.seed: predictions.labels_of(key) for key in trials}
    kept = [labels for labels in by_seed.values() if labels is not None]
    if not kept or kept[0].ndim > 1:
        return None
    labels = np.concatenate(kept)
    return float(np.unique(labels, return_counts=True)[1].max() / len(labels))


def outcome(tested: Sequence[Tested]) -> Outcome:
    """The outcome of one variant.

    Args:
        tested: For each seed, the labels of its test images, which are class indices (N,) or 0 and
            1 for each label (N, L), and the predicted probabilities (N, classes).
    """
    labels, probabilities = tested[0]
    confusion = None
    if labels.ndim == 1 and probabilities.shape[1] <= MOST_CLASSES:
        confusion = np.mean([_confusion(*each) for each in tested], axis=0)
    sensitivity = np.mean([_sensitivity(*each) for each in tested], axis=0)
    confidence, accuracy = _reliability(*map(np.concatenate, zip(*tested, strict=True)))
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


def _reliability(labels: np.ndarray, probabilities: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Mean confidence and accuracy in each bin, over the predictions of all seeds."""
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
