"""Detection: the boxes of objects and their classes, from anchors with offsets and logits."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
from keras import ops
from keras.utils import bounding_boxes

from keras_attn.data.boxes import CLASS, CROWD, NO_OBJECT
from keras_attn.tasks import detection_metrics as metrics
from keras_attn.tasks.suppression import MOST_DETECTIONS, detections_of
from keras_attn.tasks.task import LearningTask, Scores

#: Values of each anchor before its logits: its own four sides in pixels, and four offsets.
GEOMETRY = 8

#: The offsets of the centre are in tenths of the anchor's sides, those of the logarithms of the
#: sides in fifths.
VARIANCE = (0.1, 0.1, 0.2, 0.2)

#: Anchors that overlap a box at least so much are to find it; those between are ignored.
POSITIVE, NEGATIVE = 0.5, 0.4


class Detection(LearningTask):
    """Objects of several classes, each in a box.

    A network returns, for each of its anchors, the anchor's left, top, right and bottom in pixels,
    four offsets from it to the box, and one logit per class, (N, anchors, 8 + classes). With the
    anchor's centre (x, y), width w and height h, the box has the centre (x + 0.1 a w, y + 0.1 b h)
    and the sides w exp(0.2 c) and h exp(0.2 d) for the offsets (a, b, c, d).

    Args:
        num_classes: Number of classes, at least 1.
        label_smoothing: Share of the target of each logit that is moved to one half.
    """

    metric_names = ("map", "ap50", "ap75")
    headline = "map"
    selected_by = "map"
    watched = "ap50"
    located = "boxes"

    def __init__(self, num_classes: int, label_smoothing: float = 0.0) -> None:
        super().__init__(num_classes, label_smoothing)
        self.outputs = GEOMETRY + num_classes
        self.loss = FocalAndBoxLoss(num_classes, label_smoothing)

    def encode(self, labels: np.ndarray) -> np.ndarray:
        """The boxes themselves, which the loss assigns to anchors."""
        return labels

    def predictions(self, labels: np.ndarray, logits: np.ndarray) -> np.ndarray:
        """The detections of each image, (N, 100, 6): four sides, class, score; as `float32`."""
        found = np.zeros((len(logits), MOST_DETECTIONS, 6), "float32")
        found[..., CLASS] = NO_OBJECT
        for row, output in zip(found, logits, strict=True):
            kept = detections_of(decoded(output), output[:, GEOMETRY:])
            row[: len(kept)] = kept
        return found

    def scores(self, labels: np.ndarray, predictions: np.ndarray) -> Scores:
        """Mean average precision over the thresholds of COCO, and at two of them."""
        return metrics.Evaluation(labels, predictions, self.num_classes).scores()

    def recall(self, labels: np.ndarray, predictions: np.ndarray) -> list[float]:
        """The share of the boxes of each class that are found with an IoU of at least 0.5."""
        return metrics.Evaluation(labels, predictions, self.num_classes).recall()


def decoded(output: np.ndarray) -> np.ndarray:
    """The boxes of an output, (anchors, 8 + classes) -> (anchors, 4) sides in pixels."""
    rows = ops.convert_to_tensor(output, "float32")
    boxes = bounding_boxes.decode_deltas_to_boxes(
        anchors=rows[:, :4],
        boxes_delta=rows[:, 4:GEOMETRY],
        anchor_format="xyxy",
        box_format="xyxy",
        encoded_format="center_xywh",
        variance=VARIANCE,
    )
    return ops.convert_to_numpy(boxes)


class FocalAndBoxLoss(keras.losses.Loss):
    """The loss of RetinaNet (arXiv:1708.02002): focal for the classes, Huber for the offsets.

    An anchor is assigned to the box that it overlaps most, if their IoU is at least 0.5 or no
    anchor overlaps the box more. Anchors with an IoU from 0.4 to 0.5, and those on a crowd, do not
    count. The sum over the others is divided by the number of assigned anchors of the image.

    Args:
        num_classes: Number of classes.
        label_smoothing: Share of the target of each logit that is moved to one half.
    """

    def __init__(self, num_classes: int, label_smoothing: float = 0.0) -> None:
        super().__init__(name="focal_and_box_loss")
        self.num_classes = num_classes
        self.label_smoothing = label_smoothing

    def call(self, y_true: Any, y_pred: Any) -> Any:
        """(N, objects, 6) boxes, (N, anchors, 8 + classes) outputs -> (N,)."""
        boxes, outputs = ops.cast(y_true, "float32"), ops.cast(y_pred, "float32")
        anchors = ops.stop_gradient(outputs[0, :, :4])
        targets, assigned, counts = assignment(boxes, anchors)
        classes = ops.one_hot(ops.cast(targets[..., CLASS], "int32"), self.num_classes)
        classes = classes * ops.expand_dims(assigned, -1)
        focal = self.num_classes * keras.losses.binary_focal_crossentropy(
            classes,
            outputs[..., GEOMETRY:],
            apply_class_balancing=True,
            from_logits=True,
            label_smoothing=self.label_smoothing,
        )
        offsets = bounding_boxes.encode_box_to_deltas(
            anchors,
            targets[..., :4],
            anchor_format="xyxy",
            box_format="xyxy",
            encoding_format="center_xywh",
            variance=VARIANCE,
        )
        distance = 4 * keras.losses.huber(offsets, outputs[..., 4:GEOMETRY])
        total = ops.sum(counts * focal + assigned * distance, axis=-1)
        return total / ops.maximum(ops.sum(assigned, axis=-1), 1.0)


def assignment(boxes: Any, anchors: Any) -> tuple[Any, Any, Any]:
    """Which box each anchor is to find.

    Args:
        boxes: (N, objects, 6).
        anchors: (anchors, 4).

    Returns:
        The box of each anchor, (N, anchors, 6); 1 where the anchor is to find it, (N, anchors);
        1 where its logits count, (N, anchors).
    """
    is_object = ops.cast(ops.not_equal(boxes[..., CLASS], NO_OBJECT), "float32")
    is_crowd = is_object * boxes[..., CROWD]
    wanted = ops.expand_dims(is_object - is_crowd, -1)
    overlaps = bounding_boxes.compute_iou(boxes[..., :4], anchors, "xyxy")
    largest = ops.max(overlaps, axis=-1, keepdims=True)
    is_best = ops.cast(ops.logical_and(overlaps >= largest, overlaps > 0), "float32")
    # The best anchor of a box is to find it, also if it overlaps another box more.
    ranks = wanted * (overlaps + is_best)
    chosen = ops.argmax(ranks, axis=1)
    rank = ops.max(ranks, axis=1)
    assigned = ops.cast(rank >= POSITIVE, "float32")
    on_crowd = ops.max(overlaps * ops.expand_dims(is_crowd, -1), axis=1) >= POSITIVE
    ignored = ops.logical_or(rank >= NEGATIVE, on_crowd)
    counts = ops.maximum(assigned, 1.0 - ops.cast(ignored, "float32"))
    targets = ops.take_along_axis(boxes, ops.expand_dims(chosen, -1), axis=1)
    return targets, assigned, counts
