"""The folds of a cross-validation: stratified by class, and by group where there are groups."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from keras_attn.checks import check_whole_number
from keras_attn.data.dataset import Dataset, Split
from keras_attn.data.splits import rarest
from keras_attn.data.stored import joined, rows_of

PARTS = ("train", "val", "test")

#: One fold is tested, another chooses the epoch, and at least one is trained on.
LEAST_FOLDS = 3


def fold(dataset: Dataset, number: int, folds: int, repetition: int = 0) -> Dataset:
    """The data set with all of its images, split for one training of a cross-validation.

    The images of all splits are dealt to the folds, so that every fold has its share of each class,
    and all images of a group are in one fold. For multi-label tasks, segmentation and detection
    stratifying by class is not defined, and the images are dealt at random.

    Args:
        dataset: The data set.
        number: The fold that is the test split, from 0; the next one is the validation split.
        folds: How many folds there are, at least 3.
        repetition: Another number deals the images in another way.

    Raises:
        ValueError: If there are too few folds, or a class has fewer images or groups than there
            are folds.
    """
    check_whole_number("folds", folds, LEAST_FOLDS)
    images = joined([getattr(dataset, part).images for part in PARTS])
    labels = np.concatenate([getattr(dataset, part).labels for part in PARTS])
    groups = _pooled_groups(dataset)
    places = _dealt(dataset, labels, groups, folds, repetition)
    places = (places - number) % folds
    chosen = {"test": places == 0, "val": places == 1, "train": places > 1}
    splits = {
        part: Split(rows_of(images, np.flatnonzero(kept)), labels[kept])
        for part, kept in chosen.items()
    }
    weights = None
    if dataset.weights is not None:
        others = np.ones(len(images) - len(dataset.weights))
        weights = np.concatenate([dataset.weights, others])[chosen["train"]]
    return replace(
        dataset,
        train=splits["train"],
        val=splits["val"],
        test=splits["test"],
        groups={} if groups is None else {part: groups[kept] for part, kept in chosen.items()},
        weights=weights,
        cut=(),
    )


def _pooled_groups(dataset: Dataset) -> np.ndarray | None:
    """The group of each image of all splits."""
    if not dataset.groups:
        return None
    return np.concatenate([np.asarray(dataset.groups[part]).astype(str) for part in PARTS])


def _dealt(
    dataset: Dataset, labels: np.ndarray, groups: np.ndarray | None, folds: int, repetition: int
) -> np.ndarray:
    """The fold of each image."""
    what = "image(s)"
    kinds, members = labels, np.arange(len(labels))
    if groups is not None:
        what = "group(s)"
        names, members = np.unique(groups, return_inverse=True)
        kinds = rarest(labels, members, len(names)) if labels.ndim == 1 else np.zeros(len(names))
    elif labels.ndim > 1:
        kinds = np.zeros(len(labels))
    random = np.random.default_rng((repetition, folds))
    found, start = np.empty(len(kinds), int), 0
    for kind in np.unique(kinds):
        same = random.permutation(np.flatnonzero(kinds == kind))
        if len(same) < folds:
            name = dataset.class_names[int(kind)] if labels.ndim == 1 else "the set"
            raise ValueError(
                f"Class {name!r} of {dataset.name} has {len(same)} {what}, which is fewer than the "
                f"{folds} folds. Use fewer folds, or add images."
            )
        # Each class starts at the fold after the last one used, so that fold sizes stay balanced.
        found[same] = (start + np.arange(len(same))) % folds
        start += len(same)
    return found[members]
