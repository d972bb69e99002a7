"""Folders and archives of images with masks, and what is wrong with them."""

import numpy as np
import pytest
from PIL import Image

from keras_attn.data import load_dataset

pytestmark = pytest.mark.once


def write(folder, count=10, classes=3, side=8, names=None, grey=False):
    """Images with masks of a few classes, as files."""
    random = np.random.default_rng(0)
    for part in ("images", "masks"):
        (folder / part).mkdir(parents=True, exist_ok=True)
    for index in range(count):
        image = random.integers(0, 255, (side, side, 3)).astype("uint8")
        mask = random.integers(0, classes, (side, side)).astype("uint8")
        Image.fromarray(image).save(folder / "images" / f"{index}.jpg")
        Image.fromarray(mask * (255 if grey else 1)).save(folder / "masks" / f"{index}.png")
    if names:
        (folder / "classes.txt").write_text("\n".join(names), encoding="utf-8")
    return folder


def test_a_folder_of_black_and_white_masks(tmp_path):
    dataset = load_dataset(write(tmp_path, classes=2, grey=True))
    assert (dataset.task, dataset.class_names) == ("segmentation", ("background", "foreground"))
    assert [len(part.images) for part in (dataset.train, dataset.val, dataset.test)] == [7, 1, 2]
    assert set(np.unique(dataset.train.labels)) == {0, 1}


def test_splits_names_and_void(tmp_path):
    for part in ("train", "val", "test"):
        write(tmp_path / part, classes=4)
    (tmp_path / "classes.txt").write_text("sky\nroad\ncar\nvoid\n", encoding="utf-8")
    dataset = load_dataset(tmp_path, size=4, void=3)
    assert dataset.class_names == ("sky", "road", "car")
    assert set(np.unique(dataset.train.labels)) == {0, 1, 2, 255}
    assert dataset.train.labels.shape == (10, 4, 4)
    # Without interpolation, every pixel of a smaller mask is one of the larger.
    whole = load_dataset(tmp_path, void=3)
    np.testing.assert_array_equal(whole.train.labels[:, 1::2, 1::2], dataset.train.labels)
    renamed = load_dataset(tmp_path, void=3, class_names=["car", "sky", "road"])
    np.testing.assert_array_equal(renamed.test.labels == 0, whole.test.labels == 2)


def test_an_archive_with_masks(tmp_path):
    images = np.zeros((12, 6, 6), "uint8")
    masks = np.tile(np.arange(6, dtype="int64") % 3, (12, 6, 1))
    np.savez(tmp_path / "set.npz", train_images=images, train_masks=masks)
    dataset = load_dataset(tmp_path / "set.npz")
    assert (dataset.task, len(dataset.class_names)) == ("segmentation", 3)
    np.savez(tmp_path / "labels.npz", train_images=images, train_labels=masks[:, 0, 0])
    with pytest.raises(ValueError, match=r"`void` is for masks, and .* has labels"):
        load_dataset(tmp_path / "labels.npz", void=2)


def faulty(name, folder):
    """A folder with one fault."""
    if name == "missing":
        (folder / "masks" / "3.png").unlink()
    elif name == "orphan":
        (folder / "images" / "3.jpg").unlink()
    elif name == "size":
        Image.new("L", (9, 8)).save(folder / "masks" / "3.png")
    elif name == "colour":
        Image.new("RGB", (8, 8)).save(folder / "masks" / "3.png")
    elif name == "void":
        Image.new("L", (8, 8), 255).save(folder / "masks" / "3.png")
    elif name == "beyond":
        (folder / "classes.txt").write_text("a\nb", encoding="utf-8")
    elif name == "absent":
        (folder / "classes.txt").write_text("a\nb\nc\nd", encoding="utf-8")


@pytest.mark.parametrize(
    ("fault", "message"),
    [
        ("missing", r"1 of the images have no mask in .*masks: '3'.*same name but for the suffix"),
        ("orphan", r"1 of the masks have no image in .*images: '3'"),
        ("size", r"3\.png has 9x8 pixels, and its image 3\.jpg 8x8"),
        ("colour", r"3\.png is of the mode RGB: expected one byte per pixel"),
        ("void", r"mask\(s\) are void everywhere, the first that of image \d"),
        ("beyond", r"go up to 2, first in the mask of image 0: expected 0 to 1.*give void=2"),
        ("absent", r"never have the class 'd'.*cannot learn a class without pixels"),
    ],
)
def test_a_fault_is_one_clear_error(tmp_path, fault, message):
    faulty(fault, write(tmp_path))
    with pytest.raises(ValueError, match=message):
        load_dataset(tmp_path)


def test_class_names_that_differ_between_splits(tmp_path):
    write(tmp_path / "train", names=["a", "b", "c"])
    write(tmp_path / "test", names=["a", "c", "b"])
    with pytest.raises(ValueError, match=r"class names differ between .*train.* and .*test"):
        load_dataset(tmp_path)


def test_a_task_that_needs_masks_or_has_none(tmp_path):
    write(tmp_path)
    assert load_dataset(tmp_path, task="segmentation").task == "segmentation"
    for name in ("a", "b"):
        (tmp_path / "labels" / name).mkdir(parents=True)
        for index in range(5):
            Image.new("L", (8, 8), index).save(tmp_path / "labels" / name / f"{index}.png")
    with pytest.raises(ValueError, match='task "segmentation", and no other, needs a mask'):
        load_dataset(tmp_path / "labels", task="segmentation")
