"""Validation and test images, where a set comes without them."""

from __future__ import annotations

import numpy as np

from keras_attn.data.dataset import Split

FRACTIONS = {"test": 0.2, "val": 0.1}


def cut_missing(
    splits: dict[str, Split],
    class_names: tuple[str, ...],
    seed: int,
    origin: str,
    groups: np.ndarray | None = None,
) -> dict[str, np.ndarray]:
    """Which training images each missing split takes, and which remain.

    A missing test split takes 20 % and a missing validation split 10 % of the training images as
    they were given. The cut is stratified: it takes these fractions of each class, at least one
    image, and leaves at least one. For multi-label tasks, segmentation and detection stratifying by
    class is not defined, and the images are drawn at random. If there are groups, whole groups are
    cut in the same way, each as one of its rarest class.

    Args:
        splits: Checked splits by name; `"train"` is there, `"val"` and `"test"` may be.
        class_names: One name per class.
        seed: Of the random choice: the same seed, the same splits.
        origin: The set or the file they come from, for error messages.
        groups: The group of each training image; None if there are none.

    Returns:
        The indices of training images by split, in increasing order; `"train"` and the missing
        ones.

    Raises:
        ValueError: A class has too few images, or is in too few groups.
    """
    missing = [part for part in FRACTIONS if part not in splits]
    labels = splits["train"].labels
    if groups is None:
        return _cut(labels, missing, class_names, seed, origin, "training image(s)")
    names, members = np.unique(groups, return_inverse=True)
    many = labels.ndim > 1
    kinds = np.zeros((len(names), 1)) if many else rarest(labels, members, len(names))
    cut = _cut(kinds, missing, class_names, seed, origin, "group(s)")
    return {part: np.flatnonzero(np.isin(members, found)) for part, found in cut.items()}


def _cut(
    labels: np.ndarray,
    missing: list[str],
    class_names: tuple[str, ...],
    seed: int,
    origin: str,
    what: str,
) -> dict[str, np.ndarray]:
    """The indices of images or groups by split."""
    rng = np.random.default_rng(seed)
    chosen: dict[str, list[np.ndarray]] = {part: [] for part in ("train", *missing)}
    for stratum, name in _strata(labels, class_names):
        if not len(stratum):  # a class whose groups all have a rarer one too
            continue
        sizes = {part: max(1, round(FRACTIONS[part] * len(stratum))) for part in missing}
        if missing and sum(sizes.values()) >= len(stratum):
            raise ValueError(
                f"{name} of {origin} has {len(stratum)} {what}: too few to cut "
                f"{' and '.join(missing)} from, which takes {len(missing) + 1}. Add images, or "
                f"provide {' and '.join(missing)} yourself."
            )
        left = rng.permutation(stratum)
        for part, size in sizes.items():
            taken, left = np.split(left, [size])
            chosen[part].append(taken)
        chosen["train"].append(left)
    return {part: np.sort(np.concatenate(found)) for part, found in chosen.items()}


def rarest(labels: np.ndarray, members: np.ndarray, count: int) -> np.ndarray:
    """The class of each group that has the fewest images in the set."""
    images = np.bincount(labels)
    rarest = np.full(count, images.argmax())
    for label in np.argsort(-images, kind="stable"):
        rarest[members[labels == label]] = label
    return rarest


def _strata(labels: np.ndarray, class_names: tuple[str, ...]) -> list[tuple[np.ndarray, str]]:
    """The groups of images that are cut alike, each with its name in error messages."""
    if labels.ndim > 1:
        return [(np.arange(len(labels)), "The set")]
    return [(np.flatnonzero(labels == i), f"Class {name!r}") for i, name in enumerate(class_names)]
