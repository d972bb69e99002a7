"""Data sets of Keras and TensorFlow, which yield batches of images and labels."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from keras_attn.data.checks import some
from keras_attn.data.folder import SPLIT_NAMES
from keras_attn.data.raw import RawDataset
from keras_attn.data.stored import gathered

ORIGIN = "the batches"


def is_batches(value: Any) -> bool:
    """Whether a value is a `keras.utils.PyDataset` or a `tf.data.Dataset`, or splits of these.

    Neither library is imported for it.
    """
    if isinstance(value, Mapping):
        return any(map(is_batches, value.values()))
    return _is_one(value)


def load_batches(batches: Any, task: str | None) -> RawDataset:
    """Read all batches once, in the order in which they come.

    Args:
        batches: A `keras.utils.PyDataset` or a `tf.data.Dataset` of (images, labels) or (images,
            labels, weights); or a mapping with one for train, and maybe val and test. Images are
            uint8, or floats in [0, 1] or [0, 255]; the latter are rounded to uint8. Labels are
            class indices, one-hot unless the task is multi-label, or masks.
        task: What `load_dataset` was given.

    Returns:
        The images, in memory or in a file; the task is inferred unless it was given.

    Raises:
        ValueError: The batches have no end, or do not hold images and labels.
    """
    splits = _splits(batches)
    found = {part: _read(each, part) for part, each in splits.items()}
    is_one_hot = task != "multi-label" and all(map(_is_one_hot, (f[1] for f in found.values())))
    arrays = {
        part: (images, labels.argmax(axis=1) if is_one_hot else labels)
        for part, (images, labels, _) in found.items()
    }
    names = getattr(splits["train"], "class_names", None)
    return RawDataset(
        name="batches",
        arrays=arrays,
        origin=ORIGIN,
        class_names=tuple(map(str, names)) if names else None,
        source="a data set of batches",
        weights=found["train"][2],
    )


def _is_one(value: Any) -> bool:
    keras, tensorflow = sys.modules.get("keras"), sys.modules.get("tensorflow")
    kinds = [
        *([keras.utils.PyDataset] if keras else []),
        *([tensorflow.data.Dataset] if tensorflow else []),
    ]
    return isinstance(value, tuple(kinds))


def _splits(batches: Any) -> dict[str, Any]:
    """The data set of each split."""
    if not isinstance(batches, Mapping):
        return {"train": batches}
    splits = {SPLIT_NAMES.get(str(name).lower(), str(name)): each for name, each in batches.items()}
    unknown = [name for name in splits if name not in SPLIT_NAMES.values()]
    others = [name for name, each in splits.items() if not _is_one(each)]
    if unknown or others or "train" not in splits or len(splits) < len(batches):
        raise ValueError(
            "A mapping of splits needs a PyDataset or a tf.data.Dataset for 'train', and maybe "
            f"'val' and 'test'. Received: {some([f'{k}: {_kind(v)}' for k, v in batches.items()])}."
        )
    return splits


def _kind(value: Any) -> str:
    return type(value).__name__.lstrip("_")


def _read(batches: Any, part: str) -> tuple[np.ndarray, np.ndarray, np.ndarray | None]:
    """Images, labels and, if there are any, weights of a split."""
    labels: list[np.ndarray] = []
    weights: list[np.ndarray] = []

    def images() -> Iterator[np.ndarray]:
        is_byte = None
        for batch in _batches(batches, part):
            pixels, target, *weight = _checked(batch, part)
            if is_byte is None:
                is_byte = pixels.dtype.kind == "f" and 1 < pixels.max() <= 255 and pixels.min() >= 0
            labels.append(target)
            weights.extend(weight)
            yield np.rint(pixels).astype("uint8") if is_byte else pixels

    found = gathered(images())
    if not labels:
        raise ValueError(f"{part} of {ORIGIN} has no batch: every split needs images.")
    return found, _labels(np.concatenate(labels)), np.concatenate(weights) if weights else None


def _batches(batches: Any, part: str) -> Iterator[Any]:
    """Each batch once."""
    if hasattr(batches, "as_numpy_iterator"):
        count = int(batches.cardinality())
        endless = count == -1  # what TensorFlow calls INFINITE_CARDINALITY
        items = batches.as_numpy_iterator() if not endless else iter(())
    else:
        count = batches.num_batches
        endless = count is None
        items = (batches[index] for index in range(count or 0))
    if endless:
        raise ValueError(
            f"{part} of {ORIGIN} has no end: it is read once, so leave out repeat() and give it a "
            "number of batches, such as with take(100)."
        )
    yield from items


def _checked(batch: Any, part: str) -> list[np.ndarray]:
    """Images, labels and maybe weights of a batch as arrays."""
    fields = len(batch) if isinstance(batch, (tuple, list)) else 1
    if fields not in (2, 3):
        kind = ", ".join(batch) if isinstance(batch, Mapping) else _kind(batch)
        raise ValueError(
            f"{part} of {ORIGIN} yields {kind if fields == 1 else f'{fields} values'}: expected "
            "(images, labels) or (images, labels, weights). Use map() to choose them."
        )
    arrays = [np.asarray(each) for each in batch]
    counts = [len(each) if each.ndim else 0 for each in arrays]
    if len(set(counts)) > 1 or not counts[0]:
        shapes = ", ".join(str(each.shape) for each in arrays)
        raise ValueError(
            f"{part} of {ORIGIN} yields arrays of the shapes {shapes}, whose first axis is not "
            "that of the images. Use batch(32) if it yields single images."
        )
    return arrays


def _labels(labels: np.ndarray) -> np.ndarray:
    """Labels that may have come as floats, and masks that may have an axis of channels."""
    if labels.ndim > 3 and labels.shape[-1] == 1:
        labels = labels[..., 0]
    if labels.dtype.kind == "f" and (labels == np.rint(labels)).all():
        labels = labels.astype("uint8" if labels.ndim > 2 else "int64")
    return labels


def _is_one_hot(labels: np.ndarray) -> bool:
    return labels.ndim == 2 and labels.shape[1] > 1 and bool((labels.sum(axis=1) == 1).all())
