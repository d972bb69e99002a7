"""Folds of a cross-validation: each image is tested once, by class and by group."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from keras_attn.data import Dataset
from keras_attn.data.dataset import Split
from keras_attn.data.folds import PARTS, fold

pytestmark = pytest.mark.once


def numbered(labels, groups=None):
    """A data set whose images are their own numbers; the first ten are the validation split."""
    count = len(labels)
    numbers = np.arange(count, dtype="float32") / count
    images = np.broadcast_to(numbers[:, None, None, None], (count, 2, 2, 1)).copy()
    parts = {"val": slice(0, 10), "test": slice(10, 20), "train": slice(20, None)}
    found = {} if groups is None else {part: groups[where] for part, where in parts.items()}
    splits = {part: Split(images[where], labels[where]) for part, where in parts.items()}
    return Dataset("x", "binary", ("a", "b"), **splits, groups=found)


def numbers_of(split):
    return set(split.images[:, 0, 0, 0].tolist())


@given(st.integers(3, 6), st.integers(0, 3), st.integers(0, 9), st.floats(0.25, 0.75))
def test_every_image_is_tested_once_and_every_class_keeps_its_share(folds, repetition, seed, share):
    labels = (np.random.default_rng(seed).uniform(0, 1, 80) < share).astype("int64")
    labels[20:22] = 0, 1
    dataset = numbered(labels)
    parts = [fold(dataset, number, folds, repetition) for number in range(folds)]
    tested = [numbers_of(part.test) for part in parts]
    assert set().union(*tested) == {*np.unique(np.arange(80, dtype="float32") / 80).tolist()}
    assert sum(map(len, tested)) == 80
    for part, following in zip(parts, [*parts[1:], parts[0]], strict=True):
        assert sum(len(getattr(part, name).images) for name in PARTS) == 80
        assert not numbers_of(part.train) & (numbers_of(part.test) | numbers_of(part.val))
        assert numbers_of(part.val) == numbers_of(following.test)
        for label in (0, 1):
            expected = (labels == label).sum() / folds
            assert abs((part.test.labels == label).sum() - expected) < 1
    again = fold(dataset, 0, folds, repetition)
    assert numbers_of(again.test) == tested[0]
    assert numbers_of(fold(dataset, 0, folds, repetition + 1).test) != tested[0]


@given(st.integers(3, 5), st.integers(0, 20))
def test_a_group_is_never_in_two_splits(folds, seed):
    random = np.random.default_rng(seed)
    patients = np.concatenate(
        [[f"v{i // 2}" for i in range(10)], [f"t{i // 2}" for i in range(10)]]
    )
    patients = np.concatenate([patients, [f"p{i}" for i in random.integers(0, 15, 60)]])
    labels = np.array([hash_of(name) for name in patients])
    parts = [fold(numbered(labels, patients), number, folds) for number in range(folds)]
    for part in parts:
        found = [set(part.groups[name]) for name in PARTS]
        assert not found[0] & found[1] | found[1] & found[2] | found[0] & found[2]
        assert len(part.groups["test"]) == len(part.test.images)
    assert set().union(*(part.groups["test"] for part in parts)) == set(patients)


def hash_of(name):
    return sum(map(ord, name)) % 2


def test_too_few_images_for_the_folds_are_refused():
    labels = np.array([0] * 40 + [1] * 4)
    labels[[0, 10, 20]] = 1
    dataset = numbered(labels)
    with pytest.raises(
        ValueError, match=r"Class 'b' of x has 7 image\(s\), which is fewer than the 8"
    ):
        fold(dataset, 0, 8)
    with pytest.raises(ValueError, match=r"`folds` must be.*at least 3"):
        fold(dataset, 0, 2)
