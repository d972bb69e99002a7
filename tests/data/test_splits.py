import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from keras_attn.data import splits as data_splits
from keras_attn.data.dataset import Split
from keras_attn.data.splits import FRACTIONS

PARTS = ("train", "val", "test")


def cut_missing(splits, *arguments):
    """All three splits: those that were given, and those that the indices make."""
    images, labels = splits["train"]
    cut = data_splits.cut_missing(splits, *arguments)
    return splits | {part: Split(images[i], labels[i]) for part, i in cut.items()}


def numbered(labels):
    """A training split in which every image is its own number."""
    count = len(labels)
    return Split(np.arange(count).reshape(-1, 1, 1, 1), np.asarray(labels))


def numbers(split):
    return split.images.ravel()


@settings(max_examples=100, deadline=None)
@given(
    counts=st.lists(st.integers(3, 60), min_size=2, max_size=5),
    missing=st.sets(st.sampled_from(["val", "test"]), min_size=1),
    seed=st.integers(0, 2**32 - 1),
)
def test_cut_is_a_stratified_partition(counts, missing, seed):
    labels = np.random.default_rng(seed).permutation(np.repeat(np.arange(len(counts)), counts))
    given_parts = {part: numbered([0, 1]) for part in {"val", "test"} - missing}
    train = numbered(labels)
    names = tuple(map(str, range(len(counts))))
    found = cut_missing({"train": train, **given_parts}, names, seed, "mine")

    assert set(found) == set(PARTS)
    for part in given_parts:
        assert found[part] is given_parts[part]
    cut = {part: found[part] for part in ("train", *missing)}
    everything = np.concatenate([numbers(split) for split in cut.values()])
    np.testing.assert_array_equal(np.sort(everything), numbers(train))  # disjoint, exhaustive
    for split in cut.values():
        assert (np.diff(numbers(split)) > 0).all()  # in their order
        np.testing.assert_array_equal(split.labels, labels[numbers(split)])
        assert set(split.labels) == set(range(len(counts)))
    for part in missing:
        for label, count in enumerate(counts):
            taken = (found[part].labels == label).sum()
            assert taken >= 1
            assert taken == 1 or abs(taken - FRACTIONS[part] * count) <= 0.5


def test_fractions_are_of_the_training_images_given():
    found = cut_missing({"train": numbered([0, 1] * 500)}, ("a", "b"), 0, "mine")
    assert [len(found[part].labels) for part in PARTS] == [700, 100, 200]


def test_seed_decides():
    train = {"train": numbered([0, 1] * 50)}
    first, same, other = (cut_missing(train, ("a", "b"), seed, "mine") for seed in (1, 1, 2))
    for part in PARTS:
        np.testing.assert_array_equal(numbers(first[part]), numbers(same[part]))
        assert (numbers(first[part]) != numbers(other[part])).any()


def test_choice_does_not_change_between_versions():
    """Published numbers rest on these very images."""
    found = cut_missing({"train": numbered([0, 1] * 10)}, ("a", "b"), 0, "mine")
    assert numbers(found["test"]).tolist() == [5, 8, 12, 19]
    assert numbers(found["val"]).tolist() == [4, 7]


def test_multi_label_images_are_drawn_at_random():
    labels = np.random.default_rng(0).integers(0, 2, (100, 3))
    found = cut_missing({"train": numbered(labels)}, ("a", "b", "c"), 0, "mine")
    assert [len(found[part].labels) for part in PARTS] == [70, 10, 20]
    for split in found.values():
        np.testing.assert_array_equal(split.labels, labels[numbers(split)])


@pytest.mark.parametrize(
    ("splits", "message"),
    [
        ({}, "Class 'rare' of mine has 2 training image.*cut test and val from, which takes 3"),
        ({"val": numbered([0, 1])}, None),
        ({"test": numbered([0, 1])}, None),
    ],
)
def test_class_with_too_few_images(splits, message):
    splits = {"train": numbered([0] * 9 + [1] * 2), **splits}
    if message is None:
        found = cut_missing(splits, ("common", "rare"), 0, "mine")
        assert [(found[part].labels == 1).sum() for part in PARTS] == [1, 1, 1]
    else:
        with pytest.raises(ValueError, match=message):
            cut_missing(splits, ("common", "rare"), 0, "mine")
