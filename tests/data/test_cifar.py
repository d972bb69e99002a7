import keras
import numpy as np
import pytest

from keras_attn.data import load_dataset
from keras_attn.data.cifar import CLASS_NAMES


@pytest.fixture(autouse=True)
def no_data_folder(monkeypatch):
    monkeypatch.delenv("KERAS_ATTN_DATA", raising=False)


def test_class_names():
    fine = CLASS_NAMES["cifar100"].split()
    assert len(CLASS_NAMES["cifar10"].split()) == 10
    assert len(fine) == len(set(fine)) == 100
    assert fine == sorted(fine)
    # Published indices of single classes.
    assert (fine[0], fine[41], fine[52], fine[99]) == ("apple", "lawn_mower", "oak_tree", "worm")


@pytest.mark.parametrize(
    ("name", "classes", "granularity"), [("cifar10", 10, "coarse"), ("cifar100", 100, "fine")]
)
@pytest.mark.parametrize("place", ["data_dir", "KERAS_ATTN_DATA", "keras"])
def test_every_way_gives_the_same(
    place, name, classes, granularity, arrays, save, monkeypatch, tmp_path
):
    found = arrays(per_class=(10,) * classes, val=0, test=1, shape=(32, 32, 3))
    train, test = ((found[f"{part}_images"], found[f"{part}_labels"]) for part in ("train", "test"))
    data_dir = None
    if place == "keras":
        # As Keras gives it where the user has set channels_first.
        parts = [(images.transpose(0, 3, 1, 2), labels) for images, labels in (train, test)]
        monkeypatch.setattr(getattr(keras.datasets, name), "load_data", lambda: parts)
    else:
        save(found, f"{name}.npz")
        if place == "data_dir":
            data_dir = tmp_path
        else:
            monkeypatch.setenv(place, str(tmp_path))
    dataset = load_dataset(name, data_dir)
    assert dataset.task == "multi-class"
    assert dataset.granularity == granularity
    assert len(dataset.class_names) == classes
    assert dataset.licence == "none stated"
    np.testing.assert_array_equal(dataset.test.images, test[0])
    np.testing.assert_array_equal(dataset.test.labels, test[1][:, 0])
    assert [len(dataset.train.labels), len(dataset.val.labels)] == [9 * classes, classes]
    assert load_dataset(name, data_dir, granularity="fine").granularity == "fine"


def test_download_that_fails(monkeypatch):
    def fail():
        raise Exception("URL fetch failure")

    monkeypatch.setattr(keras.datasets.cifar10, "load_data", fail)
    with pytest.raises(OSError, match=r"cifar10 could not be downloaded.*put cifar10.npz with"):
        load_dataset("cifar10")
