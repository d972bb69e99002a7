"""The type of every image set: checked arrays, and what they mean."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import NamedTuple, get_args

import numpy as np

from keras_attn.data.boxes import check_box_classes, check_box_range, check_boxes, is_boxes
from keras_attn.data.checks import (
    Granularity,
    Task,
    check_choice,
    check_classes,
    check_images,
    check_labels,
    check_range,
    infer_task,
)
from keras_attn.data.groups import check_groups
from keras_attn.data.masks import check_mask_classes, check_mask_range, check_masks
from keras_attn.data.statistics import channel_statistics


class Split(NamedTuple):
    """Images and labels of one split.

    Attributes:
        images: uint8 in [0, 255] or float32 in [0, 1], (N, H, W, channels), or volumes
            (N, D, H, W, channels).
        labels: int64 class indices (N,); for multi-label tasks 0 or 1, (N, classes); for
            segmentation uint8 class indices of the pixels, (N, H, W), and 255 for the void; for
            detection float32 boxes, (N, objects, 6), see `keras_attn.data.boxes`.
    """

    images: np.ndarray
    labels: np.ndarray


@dataclass(frozen=True, eq=False, repr=False)
class Dataset:
    """An image set ready to train on.

    Arrays are checked and brought into the form of `Split` when the set is created, so every
    `Dataset` can be trained on.

    Attributes:
        name: Short name, used in results.
        task: `"binary"`, `"multi-class"`, `"ordinal"`, `"multi-label"`, `"segmentation"` or
            `"detection"`.
        class_names: One name per class, in the order of the labels.
        train: The images that models are fitted to.
        val: The images that the best epoch is chosen by.
        test: The images that results are reported for.
        granularity: `"fine"` where classes differ in detail only, else `"coarse"`.
        licence: Under which the images may be used; empty if unknown.
        source: Where the images come from.
        bits: Bits per sample of the image files, 8 or more; None if the images came as arrays.
        groups: By split, the group of each image, such as its patient; empty if there are none.
        weights: The weight of each training image in the loss; None if all are equal.
        cut: The splits that were cut from the training images, because the set came without.

    Raises:
        ValueError: The arrays are not images and labels of one task.

    Example:
        >>> images, labels = np.zeros((4, 8, 8), "uint8"), np.array([0, 1, 0, 1])
        >>> part = Split(images, labels)
        >>> Dataset("mine", "binary", ("cat", "dog"), train=part, val=part, test=part)
        <Dataset mine: binary, 2 classes, 8x8x1, train 4, val 4, test 4>
    """

    name: str
    task: Task
    class_names: tuple[str, ...]
    train: Split
    val: Split
    test: Split
    granularity: Granularity = "coarse"
    licence: str = ""
    source: str = ""
    bits: int | None = None
    groups: Mapping[str, np.ndarray] = field(default_factory=dict)
    weights: np.ndarray | None = None
    cut: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Check every part, and that the parts go together."""
        check_choice("granularity", self.granularity, get_args(Granularity))
        train = checked_split(self.train, "train", self.name)
        names = tuple(str(name) for name in self.class_names)
        check_split_classes(train.labels, self.task, names, f"train labels of {self.name}")
        parts = {"train": train}
        for part in ("val", "test"):
            parts[part] = split = checked_split(getattr(self, part), part, self.name)
            _check_alike(split, train, f"{part} images of {self.name}")
            check = RANGES.get(self.task, check_range)
            check(split.labels, len(names), f"{part} labels of {self.name}")
        check_groups(self.groups, self.name)
        # A frozen dataclass can be completed only in this way.
        for name, value in {**parts, "class_names": names}.items():
            object.__setattr__(self, name, value)

    @property
    def image_shape(self) -> tuple[int, ...]:
        """Height, width and channels; depth first for volumes."""
        return self.train.images.shape[1:]

    @cached_property
    def channel_statistics(self) -> dict[str, list[float]]:
        """`mean` and `variance` of each channel over the training images, as they are stored."""
        return channel_statistics(self.train.images)

    def __repr__(self) -> str:
        shape = "x".join(map(str, self.image_shape))
        sizes = ", ".join(f"{p} {len(getattr(self, p).images)}" for p in ("train", "val", "test"))
        return (
            f"<Dataset {self.name}: {self.task}, {len(self.class_names)} classes, {shape}, {sizes}>"
        )


def checked_split(split: tuple[np.ndarray, np.ndarray], part: str, origin: str) -> Split:
    """Check the images and labels of one split.

    Args:
        split: The images and the labels.
        part: `"train"`, `"val"` or `"test"`.
        origin: The set or the file they come from, for error messages.

    Returns:
        The split in the form that `Split` describes.
    """
    images = check_images(split[0], f"{part} images of {origin}")
    if is_boxes(split[1]):
        return Split(images, check_boxes(split[1], images, f"{part} boxes of {origin}"))
    if np.ndim(split[1]) > 2:
        return Split(images, check_masks(split[1], images, f"{part} masks of {origin}"))
    return Split(images, check_labels(split[1], len(images), f"{part} labels of {origin}"))


def check_split_classes(
    labels: np.ndarray, task: str, class_names: tuple[str, ...], where: str
) -> None:
    """Check that training labels or masks suit the task and that every class occurs.

    Raises:
        ValueError: They do not go together.
    """
    found = infer_task(labels)
    if found != task and {found, task} & {"segmentation", "detection"}:
        raise ValueError(
            f"{where} have the shape {labels.shape} and the type {labels.dtype}, which does not "
            f'suit the task {task!r}: the task "segmentation", and no other, needs a mask for each '
            'image, (N, H, W), and the task "detection" boxes, (N, objects, 6).'
        )
    if task == "segmentation":
        check_mask_classes(labels, class_names, where)
    elif task == "detection":
        check_box_classes(labels, class_names, where)
    else:
        check_classes(labels, task, class_names, where)


#: How the labels of tasks that are not classification are checked against the number of classes.
RANGES = {"segmentation": check_mask_range, "detection": check_box_range}


def _check_alike(split: Split, train: Split, where: str) -> None:
    """Check that a split can be predicted by a model fitted to the training images."""
    for found, expected in (
        (split.images.shape[1:], train.images.shape[1:]),
        (split.images.dtype, train.images.dtype),
        (("labels", *split.labels.shape[1:]), ("labels", *train.labels.shape[1:])),
    ):
        if found != expected:
            raise ValueError(
                f"{where} differ from the training images: {found}, where those have {expected}. "
                "All splits need one image size, one number of channels, one type and one kind of "
                "labels."
            )
