"""Which label stands for which class of a folder."""

import numpy as np
import pytest
from image_folders import write
from PIL import Image

from keras_attn.data import load_dataset

GRADES = ("No_DR", "Mild", "Moderate", "Severe", "Proliferate_DR")


@pytest.fixture
def graded(tmp_path):
    """A folder in which an image of the k-th grade has pixels of the value k."""
    images = {
        f"{name}/{i}.png": Image.fromarray(np.full((6, 5), grade, "uint8"))
        for grade, name in enumerate(GRADES)
        for i in range(4)
    }
    return write(tmp_path / "eyes", images)


def by_name(dataset):
    """The values of the pixels of each class."""
    found = {}
    for split in (dataset.train, dataset.val, dataset.test):
        for image, label in zip(*split, strict=True):
            found.setdefault(dataset.class_names[label], set()).add(int(image.max()))
    return found


def test_class_names_give_the_order_and_the_images_follow(graded):
    dataset = load_dataset(graded, task="ordinal", class_names=GRADES)
    assert dataset.class_names == GRADES
    assert by_name(dataset) == {name: {grade} for grade, name in enumerate(GRADES)}
    assert [int(image.max()) for image in dataset.train.images] == dataset.train.labels.tolist()


def test_a_mapping_renames_and_orders(graded):
    new = {name: f"grade {grade}" for grade, name in enumerate(GRADES)}
    dataset = load_dataset(graded, task="ordinal", class_names=new)
    assert by_name(dataset) == {f"grade {grade}": {grade} for grade in range(5)}


@pytest.mark.parametrize(
    ("class_names", "message"),
    [
        (None, r"needs the order of the classes.*alphabetical: 'Mild', 'Moderate', 'No_DR'"),
        (GRADES[:4], r"they are without 'Proliferate_DR'"),
        (("0", *GRADES[1:]), r"without 'No_DR' and with '0', which it does not have.*map each na"),
        ({"No_DR": "healthy"}, r"without 'Mild', 'Moderate', 'Proliferate_DR', 'Severe'"),
        (dict.fromkeys(GRADES, "ill"), "'ill' as the name of more than one class"),
        ("No_DR", "must be a list of names"),
    ],
)
def test_names_that_do_not_fit_are_refused(class_names, message, graded):
    with pytest.raises(ValueError, match=message):
        load_dataset(graded, task="ordinal", class_names=class_names)


def test_numbered_grades_are_in_order(graded):
    for grade, name in enumerate(GRADES):
        (graded / name).rename(graded / str(grade))
    assert load_dataset(graded, task="ordinal").class_names == tuple("01234")
    (graded / "4").rename(graded / "10")
    with pytest.raises(ValueError, match="needs the order of the classes"):
        load_dataset(graded, task="ordinal")
