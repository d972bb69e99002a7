"""Part of an image set, for a notebook that has minutes and not hours."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from keras_attn.checks import check_whole_number
from keras_attn.data.dataset import Dataset, Split
from keras_attn.data.subsets import sampling_order


def take(dataset: Dataset, samples: int, evaluated: int | None = None) -> Dataset:
    """The image set with at most so many images in each split, the same ones every time.

    Classes keep their shares, except that every class stays, however rare it is.

    Args:
        dataset: The image set.
        samples: Training images to keep; all of them if there are fewer.
        evaluated: Validation images, and test images, to keep; as many as `samples` if None.

    Returns:
        A new image set.

    Raises:
        ValueError: If a number is no positive whole number, or there are more classes than
            `samples`.

    Example:
        >>> import keras_attn
        >>> take(keras_attn.load_dataset("digits"), 200, evaluated=100)
        <Dataset digits: multi-class, 10 classes, 8x8x1, train 200, val 100, test 100>
    """
    evaluated = samples if evaluated is None else evaluated
    check_whole_number("samples", samples, 1)
    check_whole_number("evaluated", evaluated, 1)
    return replace(
        dataset,
        train=_beginning(dataset.train, samples),
        val=_beginning(dataset.val, evaluated),
        test=_beginning(dataset.test, evaluated),
    )


def _beginning(split: Split, samples: int) -> Split:
    order = sampling_order(split.labels)
    ordered = split.labels[order]
    members = ordered.T == 1 if ordered.ndim == 2 else ordered == np.unique(ordered)[:, None]
    # The first image of each class comes first of all: a class without images cannot be learned.
    firsts = [order[each.argmax()] for each in members if each.any()]
    kept = np.sort(list(dict.fromkeys([*firsts, *order]))[:samples])
    return Split(split.images[kept], split.labels[kept])
