import numpy as np
import pytest

from keras_attn.data import Dataset, Split

IMAGES = np.zeros((4, 6, 5, 3), "uint8")
LABELS = np.array([0, 1, 0, 1])


def dataset(images=IMAGES, labels=LABELS, task="binary", names=("cat", "dog"), **parts):
    part = (images, labels)
    return Dataset("mine", task, names, **{"train": part, "val": part, "test": part, **parts})


def test_parts_are_brought_into_one_form():
    found = dataset(IMAGES[..., 0] / 255.0, LABELS[:, None].astype("uint8"))
    for split in (found.train, found.val, found.test):
        assert isinstance(split, Split)
        assert split.images.dtype == np.float32
        assert split.images.shape == (4, 6, 5, 1)
        assert split.labels.dtype == np.int64
        np.testing.assert_array_equal(split.labels, LABELS)
    assert found.image_shape == (6, 5, 1)


def test_repr_does_not_print_arrays():
    assert repr(dataset()) == "<Dataset mine: binary, 2 classes, 6x5x3, train 4, val 4, test 4>"


MULTI = np.array([[0, 1], [1, 1], [1, 0], [0, 0]])


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"task": "binery"}, r'`task` must be one of "binary", "multi-class".*\'binery\''),
        ({"granularity": "medium"}, r'`granularity` must be one of "coarse", "fine".*\'medium\''),
        ({"names": ("a", "a")}, "'a' as the name of more than one class"),
        ({"task": "multi-label"}, r"class indices \(N,\).*does not suit the task 'multi-label'"),
        ({"labels": MULTI}, r"\(N, classes\).*does not suit the task 'binary'.*argmax"),
        ({"labels": MULTI, "task": "multi-label", "names": "abc"}, "2 columns for 3 class names"),
        ({"labels": MULTI * [1, 0], "task": "multi-label"}, "never name the class 'dog'"),
        ({"names": ("a", "b", "c"), "task": "multi-class"}, "never name the class 'c'"),
        ({"labels": [0, 1, 2, 2]}, "train labels of mine go up to 2: expected 0 to 1"),
        ({"labels": [0, 1, 2, 2], "names": "abc"}, 'have 3 classes: the task "binary" has 2'),
        ({"test": (IMAGES, [0, 1, 2, 1])}, "test labels of mine go up to 2: expected 0 to 1"),
        ({"test": (IMAGES[:, :4], LABELS)}, r"test images .*differ.*\(4, 5, 3\).*\(6, 5, 3\)"),
        ({"val": (IMAGES / 255, LABELS)}, "val images .*differ.*float32.*uint8"),
        ({"val": (IMAGES, MULTI)}, "val images .*differ.*labels"),
    ],
)
def test_parts_that_do_not_go_together(given, message):
    with pytest.raises(ValueError, match=message):
        dataset(**given)
