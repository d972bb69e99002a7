"""Data sets of Keras and TensorFlow give the arrays that they were made of."""

import keras
import numpy as np
import pytest

import keras_attn
from keras_attn.data import stored
from keras_attn.study import compare

RANDOM = np.random.default_rng(0)
IMAGES = RANDOM.integers(0, 256, (40, 8, 8, 3)).astype("uint8")
LABELS = np.arange(40) % 4


class Batches(keras.utils.PyDataset):
    """Arrays in batches of seven."""

    def __init__(self, *arrays):
        super().__init__()
        self.arrays = arrays

    def __len__(self):
        return -(-len(self.arrays[0]) // 7)

    def __getitem__(self, index):
        return tuple(each[7 * index : 7 * index + 7] for each in self.arrays)


class Endless(Batches):
    @property
    def num_batches(self):
        return None


def splits(*arrays, kind=Batches):
    return {"train": kind(*arrays), "validation": kind(*arrays), "test": kind(*arrays)}


def tensors(*arrays):
    tensorflow = pytest.importorskip("tensorflow", reason="tensorflow is not installed")
    return tensorflow.data.Dataset.from_tensor_slices(arrays).batch(7)


@pytest.mark.parametrize("kind", [Batches, tensors])
@pytest.mark.parametrize(
    ("images", "expected"),
    [
        (IMAGES, IMAGES),
        (IMAGES.astype("float32"), IMAGES),
        (IMAGES.astype("float32") / 255, IMAGES.astype("float32") / 255),
    ],
    ids=["bytes", "large floats", "floats"],
)
@pytest.mark.parametrize(
    "labels", [LABELS, LABELS[:, None].astype("float32"), np.eye(4, dtype="float32")[LABELS]]
)
def test_images_and_labels_arrive_as_they_were(kind, images, expected, labels):
    dataset = keras_attn.load_dataset(splits(images, labels, kind=kind))
    assert dataset.task == "multi-class"
    assert dataset.cut == ()
    for split in (dataset.train, dataset.val, dataset.test):
        assert split.images.dtype == expected.dtype
        np.testing.assert_array_equal(split.images, expected)
        np.testing.assert_array_equal(split.labels, LABELS)


def test_names_weights_and_missing_splits():
    batches = Batches(IMAGES, LABELS, np.linspace(1, 2, 40))
    batches.class_names = ["a", "b", "c", "d"]
    dataset = keras_attn.load_dataset(batches)
    assert dataset.class_names == ("a", "b", "c", "d")
    assert set(dataset.cut) == {"val", "test"}
    assert len(dataset.weights) == len(dataset.train.images) == 28


def test_multi_label_and_masks():
    several = (RANDOM.random((40, 4)) < 0.5).astype("float32")
    assert keras_attn.load_dataset(Batches(IMAGES, several)).task == "multi-label"
    one = np.eye(4)[LABELS]
    assert keras_attn.load_dataset(Batches(IMAGES, one), task="multi-label").task == "multi-label"
    masks = np.where(IMAGES[..., :1] > 99, 1.0, 0.0)
    dataset = keras_attn.load_dataset(splits(IMAGES, masks))
    assert dataset.task == "segmentation"
    np.testing.assert_array_equal(dataset.train.labels, masks[..., 0])


def test_more_than_fits_the_memory_is_in_a_file(monkeypatch):
    monkeypatch.setattr(stored, "LARGEST_IN_MEMORY", 2000)
    dataset = keras_attn.load_dataset(splits(IMAGES, LABELS))
    assert isinstance(dataset.train.images, stored.StoredArray)
    np.testing.assert_array_equal(dataset.train.images[:], IMAGES)


def test_a_directory_that_keras_reads_is_compared(tmp_path):
    pytest.importorskip("tensorflow", reason="tensorflow is not installed")
    for name, level in (("dark", 40), ("light", 200)):
        (tmp_path / name).mkdir()
        for number in range(20):
            image = np.full((8, 8, 3), level + number, "uint8")
            keras.utils.save_img(tmp_path / name / f"{number}.png", image, scale=False)
    found = keras.utils.image_dataset_from_directory(
        tmp_path, image_size=(8, 8), shuffle=False, verbose=False
    )
    arguments = {"seeds": 1, "epochs": 1, "backbone": "resnet8", "progress": False}
    comparison = compare(found, ["sa"], **arguments)
    assert comparison.dataset.class_names == ("dark", "light")
    assert comparison.dataset.train.images.dtype == np.uint8
    assert comparison.summary().index.tolist() == ["none", "sa"]


@pytest.mark.parametrize(
    ("batches", "message"),
    [
        (lambda: Endless(IMAGES, LABELS), r"train of the batches has no end.*take\(100\)"),
        (lambda: tensors(IMAGES, LABELS).repeat(), "has no end"),
        (lambda: tensors(IMAGES, LABELS).unbatch(), r"shapes \(8, 8, 3\), \(\).*Use batch\(32\)"),
        (lambda: tensors(IMAGES).map(lambda x: x), r"yields 1 values|yields ndarray"),
        (lambda: tensors(IMAGES, LABELS).take(0), "train of the batches has no batch"),
        (lambda: {"val": Batches(IMAGES, LABELS)}, r"needs a PyDataset.*'val: Batches'|val: Ba"),
        (lambda: {"train": Batches(IMAGES, LABELS), "test": 3}, "test: int"),
        (lambda: Batches(IMAGES / 127.5 - 1, LABELS), r"floats from -1 to 1: expected floats in"),
    ],
)
def test_what_is_not_batches_of_images_is_refused(batches, message):
    with pytest.raises(ValueError, match=message):
        keras_attn.load_dataset(batches())
