"""Part of the training images: stratified, and nested in every larger part."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from keras_attn.data.dataset import Dataset, Split
from keras_attn.data.stored import rows_of


def subset(dataset: Dataset, samples: int) -> Dataset:
    """The data set with fewer training images; validation and test stay complete.

    Every class keeps its share to within one image, and every larger subset contains the smaller
    ones, so that results at several sizes differ only by the images that were added. For
    multi-label tasks stratifying by class is not defined, and the images are drawn at random.
    Which images are drawn is the same every time.

    Args:
        dataset: The data set.
        samples: How many training images to keep.

    Raises:
        ValueError: If there are fewer images, or a class would be left without images.
    """
    images, labels = dataset.train
    if samples > len(images):
        raise ValueError(
            f"{dataset.name} has {len(images):,} training images, which is fewer than the "
            f"{samples:,} samples asked for. Name a smaller size, or leave it out for all of them."
        )
    kept = np.sort(sampling_order(labels)[:samples])
    _check_classes(dataset, labels[kept])
    groups = dict(dataset.groups)
    if "train" in groups:
        groups["train"] = groups["train"][kept]
    weights = None if dataset.weights is None else dataset.weights[kept]
    return replace(
        dataset, train=Split(rows_of(images, kept), labels[kept]), groups=groups, weights=weights
    )


def sampling_order(labels: np.ndarray) -> np.ndarray:
    """The indices of the images, so that every beginning of the list is stratified.

    An image that is the k-th of n in its class stands at the place (k - 1/2) / n of the list.
    """
    random = np.random.default_rng(0)
    shuffled = random.permutation(len(labels))
    if labels.ndim > 1:
        return shuffled
    places = np.empty(len(labels))
    for name in np.unique(labels):
        members = shuffled[labels[shuffled] == name]
        places[members] = (np.arange(len(members)) + 0.5) / len(members)
    return shuffled[np.argsort(places[shuffled], kind="stable")]


def _check_classes(dataset: Dataset, kept: np.ndarray) -> None:
    present = set(np.flatnonzero(kept.any(axis=0)) if kept.ndim == 2 else np.unique(kept))
    absent = [name for index, name in enumerate(dataset.class_names) if index not in present]
    if absent:
        raise ValueError(
            f"A stratified subset of {len(kept):,} training images of {dataset.name} leaves the "
            f"class {', '.join(map(repr, absent[:5]))} without images, so it could not be "
            "learned. Name a larger size."
        )
