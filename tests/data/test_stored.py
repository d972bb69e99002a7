"""Images that are too large for the memory: the same numbers, from a file."""

import pickle

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from image_folders import flat, write

from keras_attn import load_dataset
from keras_attn.data import stored
from keras_attn.data.folds import fold
from keras_attn.data.stored import StoredArray, collected, joined, rows_of
from keras_attn.data.subsets import subset
from keras_attn.study.plan import fingerprint

pytestmark = pytest.mark.once


@pytest.fixture
def nothing_fits(monkeypatch):
    """No array fits the memory."""
    monkeypatch.setattr(stored, "LARGEST_IN_MEMORY", 0)


@pytest.fixture(scope="module")
def array():
    random = np.random.default_rng(0)
    return random.integers(0, 255, (600, 3, 2, 1)).astype("uint8")


def store(array):
    before, stored.LARGEST_IN_MEMORY = stored.LARGEST_IN_MEMORY, 0
    try:
        return collected(
            len(array), array.shape[1:], array.dtype, lambda: iter([array[:7], array[7:]])
        )
    finally:
        stored.LARGEST_IN_MEMORY = before


@settings(max_examples=30)
@given(st.data())
def test_rows_are_those_of_the_array(array, data):
    found = store(array)
    assert isinstance(found, StoredArray)
    numbers = data.draw(st.lists(st.integers(-600, 599), max_size=9))
    first, last = data.draw(st.tuples(st.integers(0, 600), st.integers(0, 600)))
    for index in (np.array(numbers, int), slice(first, last), slice(last, first, 7), 599, -1):
        rows = found[index]
        assert not isinstance(rows, StoredArray)
        np.testing.assert_array_equal(rows, array[index])
    np.testing.assert_array_equal(found[array[:, 0, 0, 0] > 99], array[array[:, 0, 0, 0] > 99])
    np.testing.assert_array_equal(np.stack(list(found)), array)
    np.testing.assert_array_equal(found[..., 0], array[..., 0])


def test_chosen_and_joined_rows_stay_in_files(array, nothing_fits):
    found = store(array)
    chosen = np.random.default_rng(0).permutation(600)
    for one, other in (
        (rows_of(found, chosen), array[chosen]),
        (joined([found, found]), np.concatenate([array, array])),
        (pickle.loads(pickle.dumps(found)), array),
    ):
        assert isinstance(one, StoredArray)
        np.testing.assert_array_equal(np.asarray(one), other)


def test_a_large_folder_is_the_same_data_set(tmp_path, monkeypatch):
    write(tmp_path / "images", flat(count=30))
    expected = load_dataset(tmp_path / "images")
    monkeypatch.setattr(stored, "LARGEST_IN_MEMORY", 0)
    monkeypatch.setenv(stored.CACHE, str(tmp_path / "cache"))
    found = load_dataset(tmp_path / "images")
    assert isinstance(found.train.images, StoredArray)
    assert fingerprint(found) == fingerprint(expected)
    assert found.channel_statistics == expected.channel_statistics
    assert fingerprint(subset(found, 8)) == fingerprint(subset(expected, 8))
    assert fingerprint(fold(found, 1, 3)) == fingerprint(fold(expected, 1, 3))
    kept = list((tmp_path / "cache").glob("*.images"))
    assert len(kept) == 1
    before = kept[0].stat().st_mtime_ns
    load_dataset(tmp_path / "images")
    assert kept[0].stat().st_mtime_ns == before
