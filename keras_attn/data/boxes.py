"""Boxes: the objects of an image, each with its four sides, its class and whether it counts.

The boxes of a split are one array, (N, objects, 6), as wide as the image with the most objects
needs. The columns are left, top, right, bottom in pixels of the image, the index of the class, and
1 for a crowd. Rows without an object have the class -1. A crowd, such as a region of the COCO sets
with many objects or an object that Pascal VOC marks as difficult, is neither to be found nor wrong
to be found.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from keras_attn.data.checks import some

#: Numbers for each object.
COLUMNS = 6

#: The columns of the class and of the mark of a crowd.
CLASS, CROWD = 4, 5

#: The class of a row without an object.
NO_OBJECT = -1

#: By how many pixels a side may lie outside the image; such boxes are cut at its border.
TOLERANCE = 1.0


def is_boxes(labels: Any) -> bool:
    """Whether the labels of a split have the form of boxes."""
    labels = np.asarray(labels)
    return labels.ndim == 3 and labels.shape[-1] == COLUMNS and labels.dtype.kind == "f"


def pack_boxes(images: Sequence[np.ndarray], most: int) -> np.ndarray:
    """The boxes of a split as one array.

    Args:
        images: For each image its objects, (objects, 6).
        most: Objects of the image with the most of them, in any split.

    Returns:
        float32, (N, most, 6).
    """
    packed = np.zeros((len(images), most, COLUMNS), "float32")
    packed[..., CLASS] = NO_OBJECT
    for row, boxes in zip(packed, images, strict=True):
        row[: len(boxes)] = np.reshape(boxes, (-1, COLUMNS))
    return packed


def objects_of(boxes: np.ndarray) -> np.ndarray:
    """The rows with an object, of one image or of many."""
    return boxes[boxes[..., CLASS] != NO_OBJECT]


def check_boxes(boxes: Any, images: np.ndarray, where: str) -> np.ndarray:
    """Bring the boxes of a split into the one form that the package works with.

    Args:
        boxes: (N, objects, 6), as described above.
        images: The images, (N, H, W, channels).
        where: What the boxes are called in error messages.

    Returns:
        float32, (N, objects, 6), cut at the borders of the images.

    Raises:
        ValueError: The shape or the values are not those.
    """
    boxes = np.array(boxes, "float32")
    if len(boxes) != len(images) or images.ndim != 4:
        raise ValueError(
            f"{where} are those of {len(boxes)} images, and there are {len(images)} of the shape "
            f"{images.shape[1:]}: expected the boxes of each image, (N, objects, {COLUMNS}), and "
            "images (N, H, W, channels)."
        )
    if not np.isfinite(boxes).all():
        raise ValueError(f"{where} have values that are NaN or infinite.")
    labels = boxes[..., CLASS]
    if (labels != np.round(labels)).any() or labels.min(initial=0) < NO_OBJECT:
        raise ValueError(
            f"{where} have classes that are not whole numbers from 0, or {NO_OBJECT} for no object."
        )
    height, width = images.shape[1:3]
    faults = [
        (index, fault)
        for index, objects in enumerate(boxes)
        for box in objects_of(objects)
        if (fault := fault_of(box[:4], width, height))
    ]
    if faults:
        index, fault = faults[0]
        raise ValueError(
            f"{where} have {len(faults)} faulty box(es), the first on image {index}: {fault}. "
            "Correct it, or leave it out."
        )
    boxes[..., :4] = cut_boxes(boxes[..., :4], width, height)
    return boxes


def fault_of(sides: np.ndarray, width: float, height: float) -> str:
    """What is wrong with a box; empty if nothing is.

    Args:
        sides: Left, top, right, bottom.
        width: Of the image.
        height: Of the image.
    """
    left, top, right, bottom = (float(side) for side in sides)
    words = f"({left:g}, {top:g}, {right:g}, {bottom:g})"
    if right <= left or bottom <= top:
        return f"the box {words} has no area"
    outside = min(left, top, width - right, height - bottom) < -TOLERANCE
    return f"the box {words} lies outside of the image, {width:g}x{height:g}" if outside else ""


def cut_boxes(sides: np.ndarray, width: float, height: float) -> np.ndarray:
    """Boxes without what lies outside of the image, (..., 4)."""
    return np.clip(sides, 0, np.array([width, height, width, height], "float32"))


def check_box_classes(boxes: np.ndarray, class_names: tuple[str, ...], where: str) -> None:
    """Check that training boxes have every class.

    Raises:
        ValueError: A value is not a class, or a class has no box.
    """
    check_box_range(boxes, len(class_names), where)
    present = np.unique(objects_of(boxes)[:, CLASS])
    absent = [name for index, name in enumerate(class_names) if index not in present]
    if absent:
        raise ValueError(
            f"{where} never have the class {some(absent)}: a model cannot learn a class without "
            "boxes. Add images with it, or leave the class out and renumber the others."
        )


def check_box_range(boxes: np.ndarray, classes: int, where: str) -> None:
    """Check that every box has a class.

    Raises:
        ValueError: A class is too large, or there is no box at all.
    """
    found = objects_of(boxes)[:, CLASS]
    if not len(found):
        raise ValueError(f"{where} have no box on any image: there is nothing to find.")
    if found.max() >= classes:
        raise ValueError(
            f"{where} have the class {found.max():.0f}: expected 0 to {classes - 1}, for {classes} "
            "class names."
        )
