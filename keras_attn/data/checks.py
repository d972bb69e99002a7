"""What images, labels and classes must be, and the errors when they are not.

Every `Dataset` passes through here, whichever way its arrays came.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal, get_args

import numpy as np

from keras_attn.checks import check_choice
from keras_attn.data.stored import StoredArray

Task = Literal["binary", "multi-class", "ordinal", "multi-label", "segmentation", "detection"]
Granularity = Literal["coarse", "fine"]

#: Arrays (N, a, b, c) are volumes without an axis of channels if all their sides are this long.
LEAST_SIDE = 16

#: The value of pixels in a mask that belong to no class.
VOID = 255


def check_images(images: Any, where: str) -> np.ndarray:
    """Bring the images of a split into the one form that the package works with.

    Args:
        images: (N, H, W) or (N, H, W, 1 or 3), or volumes (N, D, H, W) with sides of at least 16 or
            (N, D, H, W, 1 or 3); uint8, or floats in [0, 1].
        where: What the images are called in error messages.

    Returns:
        (N, H, W, channels) or (N, D, H, W, channels), uint8 as they were or float32.

    Raises:
        ValueError: The shape, the type or the values are not those.
    """
    if not isinstance(images, StoredArray):
        images = np.asarray(images)
    if images.ndim == 3 or (images.ndim == 4 and min(images.shape[1:]) >= LEAST_SIDE):
        images = images[..., np.newaxis]
    if images.ndim not in (4, 5) or images.shape[-1] not in (1, 3) or 0 in images.shape[1:-1]:
        hint = " Move the channels last: images.transpose(0, 2, 3, 1)."
        channels_first = images.ndim == 4 and images.shape[1] in (1, 3)
        raise ValueError(
            f"{where} have the shape {images.shape}: expected (N, H, W) for grayscale images, "
            f"or (N, H, W, channels) with 1 or 3 channels; for volumes (N, D, H, W) or "
            f"(N, D, H, W, channels).{hint if channels_first else ''}"
        )
    if images.ndim == 5 and 1 in images.shape[1:-1]:
        raise ValueError(
            f"{where} are volumes of the shape {images.shape[1:-1]}, which have one slice. Leave "
            "that axis out, so that they are images."
        )
    if not len(images):
        raise ValueError(
            f"{where} are empty: every split needs images. "
            "Leave a split out altogether to have it cut from the training images."
        )
    if images.dtype == np.uint8:
        return images
    if not np.issubdtype(images.dtype, np.floating):
        raise ValueError(
            f"{where} are of type {images.dtype}: expected uint8 in 0..255 or floats in [0, 1]. "
            'If their values are in 0..255, convert them with images.astype("uint8"); if they are '
            "larger, divide all images by the same number, such as 65535."
        )
    # The extremes show NaN and infinity too, without an array as large as the images.
    low, high = float(images.min()), float(images.max())
    if not np.isfinite([low, high]).all():
        raise ValueError(
            f"{where} hold NaN or infinite values: find them with np.isfinite(images), "
            "and correct or remove those images."
        )
    if low < 0 or high > 1:
        hint = "divide them by 255" if low >= 0 and high <= 255 else "rescale them"
        raise ValueError(
            f"{where} are floats from {low:g} to {high:g}: expected floats in [0, 1]; {hint}, "
            "or save them as uint8 in 0..255."
        )
    return images.astype(np.float32, copy=False)


def check_labels(labels: Any, count: int, where: str) -> np.ndarray:
    """Bring the labels of a split into the one form that the package works with.

    Args:
        labels: Class indices (N,) or (N, 1); for multi-label tasks 0 or 1, (N, classes).
        count: How many images there are.
        where: What the labels are called in error messages.

    Returns:
        int64, (N,) or (N, classes).

    Raises:
        ValueError: The shape, the type or the values are not those.
    """
    labels = np.asarray(labels)
    if labels.ndim not in (1, 2) or 0 in labels.shape[1:]:
        raise ValueError(
            f"{where} have the shape {labels.shape}: expected (N,) or (N, 1) class indices, "
            "or (N, classes) of 0 and 1 for a multi-label task."
        )
    if len(labels) != count:
        raise ValueError(
            f"{where}: {len(labels)} labels for {count} images. Every image needs one label."
        )
    if labels.dtype != np.bool_ and not np.issubdtype(labels.dtype, np.integer):
        raise ValueError(f"{where} are of type {labels.dtype}: {_how_to_mend(labels)}")
    labels = labels.astype(np.int64)
    if labels.ndim == 2 and labels.shape[1] == 1:
        labels = labels[:, 0]
    low, high = int(labels.min()), int(labels.max())
    if labels.ndim == 2 and (low < 0 or high > 1):
        raise ValueError(
            f"{where} have the shape {labels.shape} and values from {low} to {high}: multi-label "
            "labels are 0 or 1. For one class per image, give class indices of shape (N,)."
        )
    if low < 0:
        raise ValueError(
            f"{where} go down to {low}: class indices start at 0. "
            "Remove or renumber what is not labelled."
        )
    return labels


def check_classes(labels: np.ndarray, task: str, class_names: tuple[str, ...], where: str) -> None:
    """Check that training labels suit the task and that every class has images.

    Args:
        labels: Labels of the training split as `check_labels` returns them.
        task: One of the four tasks of classification.
        class_names: One name per class.
        where: What the labels are called in error messages.

    Raises:
        ValueError: They do not go together.
    """
    check_choice("task", task, get_args(Task))
    if (task == "multi-label") != (labels.ndim == 2):
        found = "class indices (N,)" if labels.ndim == 1 else "(N, classes) of 0 and 1"
        raise ValueError(
            f"{where} are {found} of shape {labels.shape}, which does not suit the task {task!r}: "
            'only "multi-label" takes (N, classes). One-hot labels become class indices by '
            "labels.argmax(axis=1)."
        )
    if labels.ndim == 1 and labels.min() == labels.max():
        raise ValueError(
            f"{where} are all {labels[0]}: one class only, where a classifier needs two or more."
        )
    if repeated := sorted({name for name in class_names if class_names.count(name) > 1}):
        raise ValueError(
            f"{where} have {some(repeated)} as the name of more than one class. Every class needs "
            "its own name."
        )
    classes = len(class_names)
    if labels.ndim == 2 and labels.shape[1] != classes:
        raise ValueError(f"{where} have {labels.shape[1]} columns for {classes} class names.")
    check_range(labels, classes, where)
    present = labels.any(axis=0) if labels.ndim == 2 else np.bincount(labels, minlength=classes) > 0
    if not present.all():
        absent = [class_names[i] for i in np.flatnonzero(~present)]
        raise ValueError(
            f"{where} never name the class {some(absent)}: a model cannot learn a class without "
            f"images. Add some, or leave the class out and renumber the others."
        )
    if task == "binary" and classes != 2:
        raise ValueError(f'{where} have {classes} classes: the task "binary" has 2.')


def check_range(labels: np.ndarray, classes: int, where: str) -> None:
    """Check that single-label class indices stay below the number of classes.

    Args:
        labels: Labels as `check_labels` returns them.
        classes: How many classes there are.
        where: What the labels are called in error messages.

    Raises:
        ValueError: A label is too large.
    """
    if labels.ndim == 1 and labels.max() >= classes:
        raise ValueError(
            f"{where} go up to {labels.max()}: expected 0 to {classes - 1}, for {classes} classes. "
            "Each class has training images and a name, and they are numbered from 0 without "
            "gaps: np.unique(labels, return_inverse=True)[1]."
        )


def infer_task(labels: np.ndarray) -> Task:
    """The task that labels are for, as far as their shape and values tell.

    Args:
        labels: Labels of the training split as `check_labels` returns them.

    Returns:
        `"detection"`, `"segmentation"`, `"multi-label"`, `"binary"` or `"multi-class"`: that
        classes are ordered cannot be seen.
    """
    if labels.ndim > 2:
        return "detection" if labels.dtype.kind == "f" else "segmentation"
    if labels.ndim == 2:
        return "multi-label"
    return "binary" if count_classes(labels) == 2 else "multi-class"


def count_classes(labels: np.ndarray) -> int:
    """How many classes occur in labels, or are foreseen by their columns.

    Args:
        labels: Labels of the training split as `check_labels` returns them.

    Returns:
        The number of classes.
    """
    if labels.ndim > 2:  # the void is not a class, and the background need not be named
        values = labels[..., -2] if labels.dtype.kind == "f" else labels[labels < VOID]
        return int(values.max(initial=0)) + 1
    return labels.shape[1] if labels.ndim == 2 else len(np.unique(labels))


def _is_missing(label: Any) -> bool:
    """Whether a label is one of the ways in which tables say that there is none."""
    if isinstance(label, str):
        return label.strip().lower() in ("", "nan", "none")
    return label is None or label != label


def _how_to_mend(labels: np.ndarray) -> str:
    """What is expected in place of labels that are not integers."""
    missing = np.flatnonzero([any(map(_is_missing, np.ravel(row))) for row in labels])
    if len(missing):
        return (
            f"{len(missing)} of the {len(labels)} labels are NaN or missing, the first that of "
            f"image {missing[0]}. Label these images or remove them, then convert the labels to "
            "integers."
        )
    if labels.ndim == 2 and labels.shape[1] > 1:
        if np.issubdtype(labels.dtype, np.number) and np.isin(labels, (0, 1)).all():
            if (labels.sum(axis=1) == 1).all():
                return (
                    "every row has exactly one 1. If the rows are one-hot, save the class indices, "
                    "labels.argmax(axis=1); if any number of classes may apply to an image, save "
                    'labels.astype("int64") and load them with task="multi-label".'
                )
            return 'expected integers. For a multi-label task save labels.astype("int64").'
        return (
            "expected class indices (N,), or (N, classes) of 0 and 1. If the columns are "
            "probabilities or scores, save labels.argmax(axis=1)."
        )
    return "expected integers. Number the classes with np.unique(labels, return_inverse=True)[1]."


def some(names: Sequence[str], most: int = 5) -> str:
    """The first few of a list of names, for a message that stays readable."""
    text = ", ".join(repr(name) for name in names[:most])
    return text if len(names) <= most else f"{text} and {len(names) - most} more"
