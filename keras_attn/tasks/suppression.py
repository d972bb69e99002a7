"""The detections that remain of many boxes: the most probable, without those that overlap them."""

from __future__ import annotations

import numpy as np
from scipy.special import expit

#: Detections that are kept of an image, as COCO's metrics count them.
MOST_DETECTIONS = 100

#: Boxes with less probable classes are dropped.
LEAST_SCORE = 0.05

#: The most probable boxes, before those that overlap are dropped.
MOST_CANDIDATES = 1000

#: Of two boxes of one class that overlap more than this, the less probable is dropped.
OVERLAP = 0.5


def detections_of(boxes: np.ndarray, logits: np.ndarray) -> np.ndarray:
    """The detections of an image, the most probable first.

    Args:
        boxes: (anchors, 4): left, top, right, bottom.
        logits: (anchors, classes).

    Returns:
        (detections, 6): the sides, the class and its probability; at most 100.
    """
    scores = expit(np.asarray(logits, "float64"))
    anchors, classes = np.nonzero(scores >= LEAST_SCORE)
    found = np.column_stack([boxes[anchors], classes, scores[anchors, classes]])
    found = found[np.argsort(-found[:, 5], kind="stable")][:MOST_CANDIDATES]
    kept = [_without_overlaps(found[found[:, 4] == label]) for label in np.unique(found[:, 4])]
    if not kept:
        return found
    rows = np.concatenate(kept)
    return rows[np.argsort(-rows[:, 5], kind="stable")][:MOST_DETECTIONS]


def _without_overlaps(rows: np.ndarray) -> np.ndarray:
    """Boxes of one class, the most probable first, without those that overlap an earlier one."""
    kept: list[np.ndarray] = []
    while len(rows) and len(kept) < MOST_DETECTIONS:
        first, rows = rows[0], rows[1:]
        kept.append(first)
        rows = rows[overlaps(first, rows) <= OVERLAP]
    return np.array(kept)


def overlaps(box: np.ndarray, others: np.ndarray) -> np.ndarray:
    """The intersection over union of a box and each of several others."""
    sides = np.minimum(box[2:4], others[:, 2:4]) - np.maximum(box[:2], others[:, :2])
    common = np.prod(np.maximum(sides, 0), axis=1)
    area = np.prod(box[2:4] - box[:2])
    areas = np.prod(others[:, 2:4] - others[:, :2], axis=1)
    return common / np.maximum(area + areas - common, 1e-9)
