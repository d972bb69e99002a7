"""How the metrics of all tasks are shown."""

from __future__ import annotations

import math
from typing import NamedTuple


class Metric(NamedTuple):
    """How a metric is shown.

    Attributes:
        title: The name for readers.
        bounds: The smallest and the largest possible value.
        larger_is_better: Whether a larger value is better.
    """

    title: str
    bounds: tuple[float, float]
    larger_is_better: bool = True


#: Every metric by the name of its column, in the order in which they are shown.
METRICS = {
    "accuracy": Metric("Accuracy", (0.0, 1.0)),
    "top_5_error": Metric("Top-5 error", (0.0, 1.0), larger_is_better=False),
    "balanced_accuracy": Metric("Balanced accuracy", (0.0, 1.0)),
    "auc": Metric("AUC", (0.0, 1.0)),
    "calibration_error": Metric("Calibration error", (0.0, 1.0), larger_is_better=False),
    "kappa": Metric("Quadratic weighted kappa", (-1.0, 1.0)),
    "mean_absolute_error": Metric("Mean absolute error, in classes", (0.0, math.inf), False),
    "dice": Metric("Dice", (0.0, 1.0)),
    "iou": Metric("IoU", (0.0, 1.0)),
    "miou": Metric("Pooled mIoU", (0.0, 1.0)),
    "pixel_accuracy": Metric("Pixel accuracy", (0.0, 1.0)),
    "map": Metric("COCO mAP", (0.0, 1.0)),
    "ap50": Metric("AP at IoU 0.50", (0.0, 1.0)),
    "ap75": Metric("AP at IoU 0.75", (0.0, 1.0)),
}
