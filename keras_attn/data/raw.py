"""What a loader found, and how it becomes a `Dataset`: checked, inferred, split."""

from __future__ import annotations

import warnings
from dataclasses import dataclass

import numpy as np

from keras_attn.data.checks import (
    Granularity,
    Task,
    check_classes,
    count_classes,
    infer_task,
)
from keras_attn.data.dataset import Dataset, checked_split
from keras_attn.data.splits import cut_missing

Arrays = dict[str, tuple[np.ndarray, np.ndarray]]


@dataclass(frozen=True)
class RawDataset:
    """Arrays as they were found, and what is known of them.

    Attributes:
        name: Short name, used in results.
        arrays: Images and labels of `"train"`, and of `"val"` and `"test"` if there are any.
        origin: The set or the file they come from, for error messages.
        task: None to infer it.
        class_names: None to number the classes.
        granularity: As in `Dataset`.
        licence: As in `Dataset`.
        source: As in `Dataset`.
    """

    name: str
    arrays: Arrays
    origin: str
    task: Task | None = None
    class_names: tuple[str, ...] | None = None
    granularity: Granularity = "coarse"
    licence: str = ""
    source: str = ""


def assemble(raw: RawDataset, seed: int) -> Dataset:
    """Make a `Dataset` of what a loader found.

    Args:
        raw: What was found.
        seed: Of the choice of images where a split is cut from the training images.

    Returns:
        The checked set with all three splits.

    Raises:
        ValueError: The arrays cannot be trained on.
    """
    splits = {part: checked_split(found, part, raw.origin) for part, found in raw.arrays.items()}
    labels = splits["train"].labels
    if raw.task is None:
        _warn_of_one_hot(labels, raw.origin)
    task = raw.task or infer_task(labels)
    names = raw.class_names or tuple(str(i) for i in range(count_classes(labels)))
    # Before anything is cut, so that the message is about what the user has.
    check_classes(labels, task, names, f"train labels of {raw.origin}")
    splits = cut_missing(splits, names, seed, raw.origin)
    return Dataset(
        name=raw.name,
        task=task,
        class_names=names,
        train=splits["train"],
        val=splits["val"],
        test=splits["test"],
        granularity=raw.granularity,
        licence=raw.licence,
        source=raw.source,
    )


def _warn_of_one_hot(labels: np.ndarray, origin: str) -> None:
    """One-hot class indices look like multi-label labels, and would be trained as such."""
    if labels.ndim == 2 and (labels.sum(axis=1) == 1).all():
        warnings.warn(
            f"Every row of the training labels of {origin} has exactly one 1, and they are taken "
            "for multi-label labels. If they are one-hot, save labels.argmax(axis=1) instead; "
            'if not, task="multi-label" silences this.',
            stacklevel=4,
        )
