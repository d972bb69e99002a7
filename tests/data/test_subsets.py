import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from image_sets import make_dataset

from keras_attn.data.subsets import sampling_order, subset


@given(st.lists(st.integers(1, 60), min_size=2, max_size=5), st.integers(0, 5))
def test_every_beginning_of_the_order_is_stratified(counts, seed):
    labels = np.repeat(np.arange(len(counts)), counts)
    labels = np.random.default_rng(seed).permutation(labels)
    order = sampling_order(labels)
    assert sorted(order) == list(range(len(labels)))
    for size in range(1, len(labels) + 1):
        kept = np.bincount(labels[order[:size]], minlength=len(counts))
        shares = size * np.array(counts) / len(labels)
        assert (np.abs(kept - shares) <= len(counts) / 2 + 0.5).all()


def test_shares_are_kept_to_within_one_image_for_common_sizes():
    labels = np.repeat(np.arange(3), [700, 200, 100])
    for size in (50, 100, 200, 500):
        kept = np.bincount(labels[sampling_order(labels)[:size]])
        assert np.abs(kept - size * np.array([0.7, 0.2, 0.1])).max() <= 1


@pytest.mark.parametrize("task", ["multi-class", "multi-label"])
def test_subsets_are_nested_and_the_same_every_time(task):
    dataset = make_dataset(task, sizes=(60, 9, 9))

    def images(size):
        return {image.tobytes() for image in subset(dataset, size).train.images}

    assert images(12) < images(30) < images(60)
    assert images(30) == images(30)
    assert len(subset(dataset, 12).train.labels) == 12


def test_labels_go_with_their_images_and_other_splits_stay():
    dataset = make_dataset("multi-class", sizes=(60, 9, 9))
    part = subset(dataset, 20)
    places = {image.tobytes(): label for image, label in zip(*dataset.train, strict=True)}
    for image, label in zip(*part.train, strict=True):
        assert places[image.tobytes()] == label
    assert part.val is dataset.val or (part.val.images == dataset.val.images).all()
    assert (part.test.labels == dataset.test.labels).all()


def test_all_images_are_a_subset():
    dataset = make_dataset(sizes=(40, 4, 4))
    np.testing.assert_array_equal(subset(dataset, 40).train.images, dataset.train.images)


def test_more_images_than_there_are_is_an_error():
    with pytest.raises(ValueError, match=r"has 40 training images.*fewer than the 41 samples"):
        subset(make_dataset(sizes=(40, 4, 4)), 41)


@pytest.mark.parametrize(("task", "size"), [("multi-class", 2), ("multi-label", 1)])
def test_a_class_that_would_be_missing_is_named(task, size):
    with pytest.raises(ValueError, match=r"leaves the class 'class .*' without images"):
        subset(make_dataset(task, sizes=(60, 9, 9)), size)
