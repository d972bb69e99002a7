"""How much of a difference other test images would change.

The test images are a sample. The influence of an image on a metric is how fast the metric changes
with the weight of the image; the variance of the metric over samples of images is the sum of the
squared influences, divided by the squared number of images. For the AUC this is the method of
DeLong (E. R. DeLong, D. M. DeLong, D. L. Clarke-Pearson, Biometrics 44, 1988). For a difference
of two networks their influences are subtracted image by image, and influences are averaged over the
seeds, because all networks are tested on the same images. Influences of a group, such as a
patient, are added before they are squared.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from scipy.stats import rankdata

from keras_attn.tasks import classification_metrics as metrics
from keras_attn.tasks import segmentation_metrics
from keras_attn.tasks.detection_metrics import THRESHOLDS, Evaluation

#: Resamples for metrics whose influences have no short formula.
RESAMPLES = 200

Influence = Callable[[np.ndarray, np.ndarray], np.ndarray]


def difference_variance(
    metric: str,
    labels: np.ndarray,
    variant: Sequence[np.ndarray],
    baseline: Sequence[np.ndarray],
    groups: np.ndarray | None = None,
) -> float:
    """The variance over test images of the mean difference between two networks.

    Args:
        metric: The name of the metric.
        labels: Of the test images, (N,) or (N, labels).
        variant: Predictions of one network for each seed, (N, classes) each; for segmentation
            pixels by class, (N, classes, classes); for detection (N, detections, 6).
        baseline: Those of the other network for the same seeds.
        groups: The group of each image; None if the images are independent.
    """
    if metric not in INFLUENCES:
        return _bootstrapped(metric, labels, variant, baseline, groups)
    both = covariance(metric, labels, [variant, baseline], groups)
    return float(both[0, 0] + both[1, 1] - 2 * both[0, 1])


def covariance(
    metric: str,
    labels: np.ndarray,
    networks: Sequence[Sequence[np.ndarray]],
    groups: np.ndarray | None = None,
) -> np.ndarray:
    """The covariance of the mean scores of networks over test images, (networks, networks).

    Args:
        metric: The name of a metric of `INFLUENCES`.
        labels: As for `difference_variance`.
        networks: For each network, its predictions for each seed.
        groups: As for `difference_variance`.
    """
    influence = INFLUENCES[metric]
    values = np.stack(
        [np.mean([influence(labels, each) for each in seeds], axis=0) for seeds in networks]
    )
    if groups is not None:
        _, members = np.unique(groups, return_inverse=True)
        values = np.stack([np.bincount(members, weights=each) for each in values])
    units = values.shape[1]
    return values @ values.T / len(labels) ** 2 * units / max(1, units - 1)


def _accuracy(labels: np.ndarray, probabilities: np.ndarray) -> np.ndarray:
    if labels.ndim == 2:
        correct = ((probabilities > 0.5) == labels).mean(axis=1)
    else:
        correct = (probabilities.argmax(axis=1) == labels).astype(float)
    return correct - correct.mean()


def _top_5_error(labels: np.ndarray, probabilities: np.ndarray) -> np.ndarray:
    missed = 1.0 - metrics.top_5_hits(labels, probabilities)
    return missed - missed.mean()


def _balanced_accuracy(labels: np.ndarray, probabilities: np.ndarray) -> np.ndarray:
    """Each image counts by the inverse of the frequency of its class."""
    if labels.ndim == 2:
        both = np.stack([1 - probabilities, probabilities], axis=-1)
        columns = [_balanced_accuracy(labels[:, k], both[:, k]) for k in range(labels.shape[1])]
        return np.mean(columns, axis=0)
    correct = (probabilities.argmax(axis=1) == labels).astype(float)
    present, members, counts = np.unique(labels, return_inverse=True, return_counts=True)
    recalls = np.bincount(members, correct) / counts
    share = counts / len(labels)
    return (correct - recalls[members]) / share[members] / len(present)


def _auc(labels: np.ndarray, probabilities: np.ndarray) -> np.ndarray:
    """The mean over the classes that have a ROC curve."""
    pairs = metrics.classes_with_curves(labels, probabilities)
    curves = [_auc_of_class(member, scores) for member, scores in pairs]
    return np.mean(curves, axis=0) if curves else np.zeros(len(labels))


def _auc_of_class(member: np.ndarray, scores: np.ndarray) -> np.ndarray:
    """How far the share of images that each is ranked right against is from the AUC."""
    positives, negatives = member.sum(), (~member).sum()
    ranks = rankdata(scores)
    right = np.empty(len(scores))
    right[member] = (ranks[member] - rankdata(scores[member])) / negatives
    right[~member] = 1 - (ranks[~member] - rankdata(scores[~member])) / positives
    area = right[member].mean()
    share = np.where(member, positives, negatives) / len(scores)
    return (right - area) / share


def _mean_absolute_error(labels: np.ndarray, probabilities: np.ndarray) -> np.ndarray:
    distance = np.abs(labels - probabilities.argmax(axis=1)).astype(float)
    return distance - distance.mean()


def _mean_of_images(
    values_of: Callable[[np.ndarray], np.ndarray],
) -> Influence:
    """The influence on a mean over images, of which those without a value do not count."""

    def influence(labels: np.ndarray, counts: np.ndarray) -> np.ndarray:
        values = values_of(counts)
        known = ~np.isnan(values)
        if not known.any():
            return np.zeros(len(values))
        return np.where(known, values - values[known].mean(), 0) / known.mean()

    return influence


#: Metric -> the influence of each test image.
INFLUENCES: dict[str, Influence] = {
    "accuracy": _accuracy,
    "top_5_error": _top_5_error,
    "balanced_accuracy": _balanced_accuracy,
    "auc": _auc,
    "mean_absolute_error": _mean_absolute_error,
    "dice": _mean_of_images(segmentation_metrics.dice_of_images),
    "iou": _mean_of_images(segmentation_metrics.iou_of_images),
    "pixel_accuracy": _mean_of_images(segmentation_metrics.accuracy_of_images),
    "miou": lambda labels, counts: segmentation_metrics.miou_influence(counts),
}

#: From labels and predictions, a function of the indices of images, which gives their score.
Scorer = Callable[[np.ndarray, np.ndarray], Callable[[np.ndarray], float]]


def _recomputed(score: Callable[[np.ndarray, np.ndarray], float]) -> Scorer:
    return lambda labels, predictions: lambda chosen: score(labels[chosen], predictions[chosen])


def _average_precision(metric: str) -> Scorer:
    """Detections are matched to boxes once, whichever images are chosen."""

    def scorer(labels: np.ndarray, predictions: np.ndarray) -> Callable[[np.ndarray], float]:
        evaluation = Evaluation(labels, predictions)
        return lambda chosen: evaluation.scores(chosen)[metric]

    return scorer


#: Metric -> its function, where its influences have no short formula.
RESAMPLED: dict[str, Scorer] = {
    "calibration_error": _recomputed(metrics.calibration_error),
    "kappa": _recomputed(metrics.quadratic_kappa),
    **{metric: _average_precision(metric) for metric in THRESHOLDS},
}


def _bootstrapped(
    metric: str,
    labels: np.ndarray,
    variant: Sequence[np.ndarray],
    baseline: Sequence[np.ndarray],
    groups: np.ndarray | None,
) -> float:
    """The variance over resamples of images, or of groups, the same for both networks."""
    scorer = RESAMPLED[metric]
    scorers = [
        (scorer(labels, one), scorer(labels, other))
        for one, other in zip(variant, baseline, strict=True)
    ]
    random = np.random.default_rng(0)
    units = np.arange(len(labels)) if groups is None else np.unique(groups, return_inverse=True)[1]
    members = [np.flatnonzero(units == unit) for unit in range(units.max() + 1)]
    found = []
    for _ in range(RESAMPLES):
        drawn = random.integers(0, len(members), len(members))
        chosen = np.concatenate([members[unit] for unit in drawn])
        found.append(np.mean([one(chosen) - other(chosen) for one, other in scorers]))
    return float(np.nanvar(found, ddof=1))
