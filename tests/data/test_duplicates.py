import dataclasses

import numpy as np
from image_sets import make_dataset

from keras_attn.data.dataset import Split
from keras_attn.data.duplicates import shared_images


def test_planted_duplicates_are_found_and_counted():
    dataset = make_dataset(sizes=(30, 10, 10))
    assert shared_images(dataset) == {}
    val, test = dataset.val.images.copy(), dataset.test.images.copy()
    test[3], test[5], val[1] = dataset.train.images[7], dataset.train.images[7], test[0]
    planted = dataclasses.replace(
        dataset, val=Split(val, dataset.val.labels), test=Split(test, dataset.test.labels)
    )
    assert shared_images(planted) == {("train", "test"): 2, ("val", "test"): 1}


def test_an_image_that_differs_in_one_pixel_is_another():
    dataset = make_dataset(sizes=(30, 10, 10))
    test = dataset.test.images.copy()
    test[0] = dataset.train.images[0]
    test[0, 0, 0] ^= 1
    near = dataclasses.replace(dataset, test=Split(test, dataset.test.labels))
    assert shared_images(near) == {}
    assert np.abs(test[0].astype(int) - dataset.train.images[0]).sum() == 1
