"""The metrics of segmentation, from counts of pixels by true and predicted class.

The counts of an image are a matrix (classes, classes): rows are true classes, columns predicted
ones. Pixels of the void are in none. With two classes, Dice and IoU of an image are those of the
second class, the foreground; with more, the mean over the classes that occur in the image or in its
prediction. The pooled mean IoU adds the counts of all images first, and averages over all classes.
"""

from __future__ import annotations

import numpy as np


def pixel_counts(masks: np.ndarray, predicted: np.ndarray, num_classes: int) -> np.ndarray:
    """Pixels of each image by true and predicted class, (N, classes, classes).

    Args:
        masks: True classes, (N, *positions); what is not below `num_classes` is not counted.
        predicted: Predicted classes of the same shape.
        num_classes: Number of classes.
    """
    counts = np.empty((len(masks), num_classes, num_classes), "int64")
    for image, (truth, found) in enumerate(zip(masks, predicted, strict=True)):
        known = truth < num_classes
        pairs = truth[known].astype("int64") * num_classes + found[known]
        counts[image] = np.bincount(pairs, minlength=num_classes**2).reshape(counts[image].shape)
    return counts


def dice_of_images(counts: np.ndarray) -> np.ndarray:
    """The Dice coefficient of each image, 2 |A and B| / (|A| + |B|); NaN if all of it is void."""
    both, either, total = _parts(counts)
    return _mean_of_classes(2 * both, both + either, total)


def iou_of_images(counts: np.ndarray) -> np.ndarray:
    """The intersection over union of each image; NaN if all of it is void."""
    both, either, total = _parts(counts)
    return _mean_of_classes(both, either, total)


def accuracy_of_images(counts: np.ndarray) -> np.ndarray:
    """The share of pixels of each image whose class is right; NaN if all of it is void."""
    right = np.trace(counts, axis1=1, axis2=2)
    return _divided(right, counts.sum(axis=(1, 2)))


def pooled_miou(counts: np.ndarray) -> float:
    """The mean over classes of the IoU over the pixels of all images."""
    both, either, _ = _parts(counts.sum(axis=0, keepdims=True), all_classes=True)
    return float(np.nanmean(_divided(both, either)))


def miou_influence(counts: np.ndarray) -> np.ndarray:
    """How fast the pooled mean IoU changes with the weight of each image, times their number."""
    both, either, _ = _parts(counts, all_classes=True)
    intersections, unions = both.sum(axis=0), either.sum(axis=0)
    occurs = unions > 0
    ious = intersections[occurs] / unions[occurs]
    changes = (both[:, occurs] - ious * either[:, occurs]) / unions[occurs]
    return len(counts) * changes.mean(axis=1)


def recall_of_classes(counts: np.ndarray) -> list[float]:
    """The share of the pixels of each class that are found; NaN for a class without pixels."""
    total = counts.sum(axis=0)
    return [float(value) for value in _divided(np.diagonal(total), total.sum(axis=1))]


def _parts(
    counts: np.ndarray, all_classes: bool = False
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Pixels in both areas and in either, (N, classes), and all pixels of each image, (N,)."""
    both = np.diagonal(counts, axis1=1, axis2=2)
    either = counts.sum(axis=1) + counts.sum(axis=2) - both
    if counts.shape[1] == 2 and not all_classes:
        both, either = both[:, 1:], either[:, 1:]
    return both, either, counts.sum(axis=(1, 2))


def _mean_of_classes(above: np.ndarray, below: np.ndarray, total: np.ndarray) -> np.ndarray:
    """The mean ratio over the classes that occur; 1 if none does and the prediction agrees."""
    occurs = below > 0
    ratios = np.where(occurs, above / np.maximum(below, 1), 0).sum(axis=1)
    means = np.where(occurs.any(axis=1), ratios / np.maximum(occurs.sum(axis=1), 1), 1.0)
    return np.where(total > 0, means, np.nan)


def _divided(above: np.ndarray, below: np.ndarray) -> np.ndarray:
    return np.where(below > 0, above / np.maximum(below, 1), np.nan)
