"""The real files, where there are any: KERAS_ATTN_DATA names their folder."""

import hashlib
import os
from pathlib import Path

import numpy as np
import pytest

from keras_attn.data import load_dataset, medmnist

FOLDER = os.environ.get("KERAS_ATTN_DATA")


def need(filename):
    if not FOLDER:
        pytest.skip("KERAS_ATTN_DATA is not set: there are no real images to test with")
    path = Path(FOLDER) / filename
    if not path.is_file():
        pytest.skip(f"{filename} is not in the folder that KERAS_ATTN_DATA names")
    return path


@pytest.mark.parametrize(
    ("name", "md5", "counts", "shape", "task"),
    [
        (
            "breastmnist",
            "750601b1f35ba3300ea97c75c52ff8f6",
            (546, 78, 156),
            (28, 28, 1),
            "binary",
        ),
        (
            "pneumoniamnist",
            "28209eda62fecd6e6a2d98b1501bb15f",
            (4708, 524, 624),
            (28, 28, 1),
            "binary",
        ),
        (
            "retinamnist",
            "bd4c0672f1bba3e3a89f0e4e876791e4",
            (1080, 120, 400),
            (28, 28, 3),
            "ordinal",
        ),
    ],
)
@pytest.mark.filterwarnings("error")  # such as that a file is not the official one
def test_medmnist(name, md5, counts, shape, task):
    path = need(f"{name}.npz")
    if not medmnist.is_installed():
        pytest.skip("medmnist is not installed: its table cannot be read")
    assert hashlib.md5(path.read_bytes()).hexdigest() == md5
    dataset = load_dataset(name)
    assert tuple(len(getattr(dataset, p).images) for p in ("train", "val", "test")) == counts
    assert (dataset.image_shape, dataset.task) == (shape, task)
    with np.load(path) as raw:
        np.testing.assert_array_equal(dataset.val.labels, raw["val_labels"][:, 0])
        np.testing.assert_array_equal(dataset.test.images.squeeze(), raw["test_images"].squeeze())


@pytest.mark.parametrize(("name", "classes"), [("cifar10", 10), ("cifar100", 100)])
def test_cifar(name, classes):
    need(f"{name}.npz")
    dataset = load_dataset(name, FOLDER)
    assert dataset.image_shape == (32, 32, 3)
    train = len(dataset.train.labels) + len(dataset.val.labels)
    np.testing.assert_array_equal(np.bincount(dataset.val.labels), train / classes / 10)
    np.testing.assert_array_equal(np.bincount(dataset.test.labels), 10_000 / classes)
