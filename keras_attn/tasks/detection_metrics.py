"""The metrics of COCO for detections, computed by pycocotools."""

from __future__ import annotations

import contextlib
import io
from typing import Any

import numpy as np

from keras_attn.data.boxes import CLASS, CROWD, NO_OBJECT
from keras_attn.extras import require

#: The thresholds of the IoU by metric; None for all of COCO's, from 0.50 to 0.95.
THRESHOLDS = {"map": None, "ap50": 0.5, "ap75": 0.75}


class Evaluation:
    """Detections beside the true boxes: matched once, scored for any choice of the images.

    Args:
        labels: True boxes, (N, objects, 6).
        detections: (N, detections, 6): sides, class, score.
        num_classes: Number of classes; None for those that occur.
    """

    def __init__(
        self, labels: np.ndarray, detections: np.ndarray, num_classes: int | None = None
    ) -> None:
        if num_classes is None:
            num_classes = int(max(labels[..., CLASS].max(), detections[..., CLASS].max())) + 1
        evaluator = require("pycocotools.cocoeval", extra="detection")
        with contextlib.redirect_stdout(io.StringIO()):  # it prints its progress
            self.evaluation = evaluator.COCOeval(
                _index(_truth(labels), len(labels), num_classes),
                _index(_found(detections), len(labels), num_classes),
                "bbox",
            )
            self.evaluation.params.areaRng = self.evaluation.params.areaRng[:1]
            self.evaluation.params.areaRngLbl = self.evaluation.params.areaRngLbl[:1]
            self.evaluation.params.maxDets = self.evaluation.params.maxDets[-1:]
            self.evaluation.evaluate()
        self.matches = np.array(self.evaluation.evalImgs, object).reshape(-1, len(labels))

    def scores(self, chosen: np.ndarray | None = None) -> dict[str, float]:
        """The metrics by name; 0 where nothing was detected.

        Args:
            chosen: The indices of the images, which may repeat; None for all.
        """
        # Thresholds, recalls, classes; then the only range of areas and number of detections.
        precision = self._accumulated("precision", chosen)[..., 0, 0]
        levels = self.evaluation.params.iouThrs
        return {
            name: _mean(precision if level is None else precision[np.isclose(levels, level)])
            for name, level in THRESHOLDS.items()
        }

    def recall(self) -> list[float]:
        """The share of the boxes of each class that are found with an IoU of at least 0.5."""
        recall = self._accumulated("recall", None)[0, :, 0, 0]
        return [float(value) if value >= 0 else np.nan for value in recall]

    def _accumulated(self, name: str, chosen: np.ndarray | None) -> np.ndarray:
        matches = self.matches if chosen is None else self.matches[:, chosen]
        evaluation = self.evaluation
        evaluation.evalImgs = list(matches.reshape(-1))
        evaluation._paramsEval.imgIds = evaluation.params.imgIds = list(range(matches.shape[1]))
        with contextlib.redirect_stdout(io.StringIO()):
            evaluation.accumulate()
        return evaluation.eval[name]


def score_of_images(labels: np.ndarray, detections: np.ndarray) -> np.ndarray:
    """The mean over classes of the average precision at an IoU of 0.5, for each image alone."""
    evaluation = Evaluation(labels, detections)
    return np.array([evaluation.scores(np.array([i]))["ap50"] for i in range(len(labels))])


def _mean(precision: np.ndarray) -> float:
    """Over the classes with boxes, whose precision is not -1."""
    known = precision[precision > -1]
    return float(known.mean()) if known.size else np.nan


def _truth(labels: np.ndarray) -> list[dict[str, Any]]:
    return [
        {**_box(image, row), "iscrowd": int(row[CROWD]), "ignore": int(row[CROWD])}
        for image, rows in enumerate(labels)
        for row in rows
        if row[CLASS] != NO_OBJECT
    ]


def _found(detections: np.ndarray) -> list[dict[str, Any]]:
    return [
        {**_box(image, row), "score": float(row[5]), "iscrowd": 0}
        for image, rows in enumerate(detections)
        for row in rows
        if row[CLASS] != NO_OBJECT
    ]


def _box(image: int, row: np.ndarray) -> dict[str, Any]:
    left, top, right, bottom = map(float, row[:4])
    sides = [left, top, right - left, bottom - top]
    return {
        "image_id": image,
        "category_id": int(row[CLASS]),
        "bbox": sides,
        "area": sides[2] * sides[3],
    }


def _index(annotations: list[dict[str, Any]], images: int, classes: int) -> Any:
    """What pycocotools reads annotations from."""
    index = require("pycocotools.coco", extra="detection").COCO()
    index.dataset = {
        "images": [{"id": number} for number in range(images)],
        "categories": [{"id": number} for number in range(classes)],
        # An annotation with the number 0 would never count as matched.
        "annotations": [{"id": number, **each} for number, each in enumerate(annotations, 1)],
    }
    index.createIndex()
    return index
