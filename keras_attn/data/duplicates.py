"""Images that are in two splits at once, so that a model has seen the answer."""

from __future__ import annotations

import hashlib
import itertools

import numpy as np

from keras_attn.data.dataset import Dataset

SPLITS = ("train", "val", "test")


def shared_images(dataset: Dataset) -> dict[tuple[str, str], int]:
    """How many images of a later split are, byte by byte, in an earlier one too.

    Args:
        dataset: The data set.

    Returns:
        Number of images by pair of splits, such as `("train", "test")`; pairs that share none
        are left out.

    Example:
        >>> import keras_attn
        >>> shared_images(keras_attn.load_dataset("digits"))
        {}
    """
    digests = {name: _digests(getattr(dataset, name).images) for name in SPLITS}
    sets = {name: set(each) for name, each in digests.items()}
    pairs = {
        (one, other): sum(digest in sets[one] for digest in digests[other])
        for one, other in itertools.combinations(SPLITS, 2)
    }
    return {pair: number for pair, number in pairs.items() if number}


def _digests(images: np.ndarray) -> list[bytes]:
    return [hashlib.sha256(image.tobytes()).digest() for image in images]
