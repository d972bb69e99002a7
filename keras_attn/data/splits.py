"""Validation and test images, where a set comes without them."""

from __future__ import annotations

import numpy as np

from keras_attn.data.dataset import Split

FRACTIONS = {"test": 0.2, "val": 0.1}


def cut_missing(
    splits: dict[str, Split], class_names: tuple[str, ...], seed: int, origin: str
) -> dict[str, Split]:
    """Cut the splits that are missing from the training images.

    A missing test split takes 20 % and a missing validation split 10 % of the training images as
    they were given. The cut is stratified: it takes these fractions of each class, at least one
    image, and leaves at least one. For multi-label tasks stratifying by class is not defined,
    and the images are drawn at random.

    Args:
        splits: Checked splits by name; `"train"` is there, `"val"` and `"test"` may be.
        class_names: One name per class.
        seed: Of the random choice: the same seed, the same splits.
        origin: The set or the file they come from, for error messages.

    Returns:
        All three splits. Images keep their order within each.

    Raises:
        ValueError: A class has too few images.
    """
    missing = [part for part in FRACTIONS if part not in splits]
    if not missing:
        return splits
    images, labels = splits["train"]
    rng = np.random.default_rng(seed)
    chosen: dict[str, list[np.ndarray]] = {part: [] for part in ("train", *missing)}
    for group, name in _strata(labels, class_names):
        sizes = {part: max(1, round(FRACTIONS[part] * len(group))) for part in missing}
        if sum(sizes.values()) >= len(group):
            raise ValueError(
                f"{name} of {origin} has {len(group)} training image(s): too few to cut "
                f"{' and '.join(missing)} from, which takes {len(missing) + 1}. Add images, or "
                f"provide {' and '.join(missing)} yourself."
            )
        group = rng.permutation(group)
        for part, size in sizes.items():
            taken, group = np.split(group, [size])
            chosen[part].append(taken)
        chosen["train"].append(group)
    indices = {part: np.sort(np.concatenate(groups)) for part, groups in chosen.items()}
    return splits | {part: Split(images[i], labels[i]) for part, i in indices.items()}


def _strata(labels: np.ndarray, class_names: tuple[str, ...]) -> list[tuple[np.ndarray, str]]:
    """The groups of images that are cut alike, each with its name in error messages."""
    if labels.ndim == 2:
        return [(np.arange(len(labels)), "The set")]
    return [(np.flatnonzero(labels == i), f"Class {name!r}") for i, name in enumerate(class_names)]
