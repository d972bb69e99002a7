"""How what a loader found becomes a `Dataset`: checked, named, inferred, split."""

from __future__ import annotations

import warnings
from dataclasses import replace

import numpy as np

from keras_attn.data.checks import infer_task
from keras_attn.data.classes import ClassNames, name_classes
from keras_attn.data.dataset import Dataset, Split, check_split_classes, checked_split
from keras_attn.data.raw import RawDataset
from keras_attn.data.splits import cut_missing
from keras_attn.data.stored import rows_of


def assemble(raw: RawDataset, seed: int, class_names: ClassNames | None = None) -> Dataset:
    """Make a `Dataset` of what a loader found.

    Args:
        raw: What was found.
        seed: Of the choice of images where a split is cut from the training images.
        class_names: As for `load_dataset`.

    Returns:
        The checked set with all three splits.

    Raises:
        ValueError: The arrays cannot be trained on.
    """
    checked = {part: checked_split(found, part, raw.origin) for part, found in raw.arrays.items()}
    labels = checked["train"].labels
    if raw.task is None:
        _warn_of_one_hot(labels, raw.origin)
    raw = name_classes(replace(raw, arrays=checked), class_names)
    names = raw.class_names or ()
    splits = {part: Split(*arrays) for part, arrays in raw.arrays.items()}
    task = raw.task or infer_task(labels)
    # Before anything is cut, so that the message is about what the user has.
    check_split_classes(splits["train"].labels, task, names, f"train labels of {raw.origin}")
    groups = dict(raw.groups)
    cut = cut_missing(splits, names, seed, raw.origin, groups.get("train"))
    weights = raw.weights
    if len(cut) > 1:
        images, labels = splits["train"]
        splits |= {
            part: Split(rows_of(images, found), labels[found]) for part, found in cut.items()
        }
        if groups:
            groups |= {part: raw.groups["train"][found] for part, found in cut.items()}
        weights = None if weights is None else weights[cut["train"]]
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
        bits=raw.bits,
        groups=groups,
        weights=weights,
        cut=tuple(part for part in cut if part != "train"),
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
