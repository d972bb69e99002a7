"""Folders of images become data sets."""

import numpy as np
import pytest
from image_folders import every_image, flat, noise, split_folders, write
from PIL import Image

from keras_attn.data import load_dataset


def test_classes_are_the_folders_in_order(tmp_path):
    pixels = {f"{c}/{i}.png": noise() for c in ("dog", "cat", "ant") for i in range(4)}
    dataset = load_dataset(write(tmp_path / "pets", pixels))
    assert (dataset.name, dataset.task) == ("pets", "multi-class")
    assert dataset.class_names == ("ant", "cat", "dog")
    assert dataset.source == str(tmp_path / "pets")
    found = {
        (image.tobytes(), dataset.class_names[label])
        for split in (dataset.train, dataset.val, dataset.test)
        for image, label in zip(*split, strict=True)
    }
    assert found == {(np.asarray(x).tobytes(), name[:3]) for name, x in pixels.items()}


@pytest.mark.parametrize(
    ("parts", "sizes"),
    [
        (("train", "val", "test"), (4, 4, 4)),
        (("Training", "validation", "Testing"), (4, 4, 4)),
        (("train", "valid"), (2, 4, 2)),
        (("train", "test"), (2, 2, 4)),
    ],
)
def test_split_folders(parts, sizes, tmp_path):
    dataset = load_dataset(write(tmp_path, split_folders(*parts)))
    assert dataset.class_names == ("cat", "dog")
    assert tuple(len(getattr(dataset, p).labels) for p in ("train", "val", "test")) == sizes
    for split in (dataset.train, dataset.val, dataset.test):
        assert set(split.labels) == {0, 1}


def test_class_without_test_images_keeps_the_numbers_of_the_others(tmp_path):
    files = split_folders("train", classes=("ant", "cat", "dog"))
    files += [*split_folders("val", classes=("cat", "dog")), "test/dog/0.png"]
    dataset = load_dataset(write(tmp_path, files))
    assert dataset.val.labels.tolist() == [1, 1, 2, 2]
    assert dataset.test.labels.tolist() == [2]


def test_class_called_train_is_a_class(tmp_path):
    files = [f"{c}/{i}.png" for c in ("car", "train", "plane") for i in range(3)]
    assert load_dataset(write(tmp_path, files)).class_names == ("car", "plane", "train")


def test_what_is_hidden_or_of_the_system_is_ignored(tmp_path):
    rest = (".hidden/a.png", "cat/.b.png", "README.md", "__MACOSX/cat/._0.png", "dog/Thumbs.db")
    thumbnails = {"@eaDir/0.png/thumb.jpg": noise(), "cat/@eaDir/0.png/thumb.jpg": noise()}
    files = flat() | dict.fromkeys(rest, b"x") | thumbnails
    assert load_dataset(write(tmp_path, files)).class_names == ("cat", "dog")


def test_what_is_left_out_is_counted_and_named(tmp_path):
    write(tmp_path, flat() | {"cat/notes.txt": b"x", "stray.png": noise()})
    (tmp_path / "dog" / "9.png").symlink_to(tmp_path / "nowhere.png")
    with pytest.warns(UserWarning, match=r"^3 file\(s\) of .* are left out: ") as caught:
        dataset = load_dataset(tmp_path)
    assert len(every_image(dataset)) == 8
    message = str(caught[0].message)
    assert "cat/notes.txt (not an image that Pillow reads)" in message
    assert "dog/9.png (a link to a missing file)" in message
    assert "stray.png (outside the folders of classes)" in message
    assert caught[0].filename == __file__


def test_names_match_in_every_unicode_normal_form(tmp_path):
    composed, decomposed = "caf\u00e9", "cafe\u0301"
    files = [f"train/{c}/{i}.png" for c in (composed, "tea") for i in range(4)]
    files += [f"test/{c}/0.png" for c in (decomposed, "tea")]
    dataset = load_dataset(write(tmp_path, files), class_names=["tea", decomposed])
    assert dataset.class_names == ("tea", composed)
    assert dataset.test.labels.tolist() == [1, 0]
    write(tmp_path, [f"train/{decomposed}/0.png"])
    with pytest.raises(ValueError, match="two folders with the name 'caf\u00e9'"):
        load_dataset(tmp_path)


@pytest.mark.parametrize(
    ("shapes", "size", "expected"),
    [
        ([(6, 5), (6, 5)], None, (6, 5)),
        ([(6, 5), (5, 6)], None, (64, 64)),
        ([(6, 5), (6, 5)], 12, (12, 12)),
        ([(6, 5), (9, 9)], np.int64(12), (12, 12)),
    ],
)
def test_size(shapes, size, expected, tmp_path):
    images = {f"{i}.png": noise(*shape) for i, shape in enumerate(shapes * 2)}
    assert load_dataset(write(tmp_path, flat(images)), size=size).image_shape == (*expected, 3)


@pytest.mark.parametrize("size", [0, -3, 2.5, "64"])
def test_impossible_size(size, tmp_path):
    with pytest.raises(ValueError, match=f"`size` must be a whole number of at least 1.*{size!r}"):
        load_dataset(write(tmp_path, flat()), size=size)


def test_resizing_keeps_the_picture(tmp_path):
    half = np.zeros((40, 40, 3), "uint8")
    half[:, 20:] = 200
    found = load_dataset(write(tmp_path, flat({"a.png": Image.fromarray(half)} | four())), size=8)
    image = next(i for i in every_image(found) if i[0, 0, 0] == 0 and i[0, -1, 0] == 200)
    np.testing.assert_array_equal(image[:, :3], 0)
    np.testing.assert_array_equal(image[:, 5:], 200)


def four():
    return {f"{i}.png": noise() for i in range(4)}


PNG = b"\x89PNG\r\n\x1a\n"


@pytest.mark.parametrize(
    ("files", "message"),
    [
        ([], "has no sub-folder: expected two or more sub-folders"),
        (["a.png", "b.png"], r"no sub-folder and 2 image\(s\) beside"),
        (["cat/a.png"], r"the folder\(s\) 'cat': expected two or more"),
        (flat() | {"empty/x.txt": b""}, "empty has no images"),
        (flat() | {"dog/young/a.png": noise()}, "dog is the folder of a class, but .*'young'"),
        (split_folders("val", "test"), "has the folder.*'test', 'val', but no folder train"),
        ([*split_folders("train", "val"), "valid/cat/a.png"], "'val' is the same split"),
        ([*split_folders("train"), "cat/a.png"], "'cat': that is not a split"),
        (
            [*split_folders("train"), "test/ant/a.png"],
            "test has the class 'ant', which train does not have",
        ),
        ([*split_folders("train"), "val/a.png"], "val has no images"),
        (split_folders("train", classes=["cat"]), r"the folder\(s\) 'cat': expected two"),
        (flat(count=2), "Class 'cat' of .* has 2 training"),
        (flat() | {"cat/bad.png": b""}, "bad.png is not an image that Pillow reads.*Replace it"),
        (flat() | {"cat/bad.jpg": b"text"}, "bad.jpg is not an image that Pillow reads"),
        (flat() | {"cat/bad.png": PNG}, "bad.png is not an image that Pillow reads"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_bad_folder(files, message, tmp_path):
    with pytest.raises(ValueError, match=message):
        load_dataset(write(tmp_path, files))


def test_image_cut_short(tmp_path):
    """Its header is whole, so that only decoding shows it."""
    path = write(tmp_path, flat({f"{i}.png": noise(64, 64) for i in range(3)})) / "dog" / "1.png"
    path.write_bytes(path.read_bytes()[:5000])
    with pytest.raises(ValueError, match=r"1.png is a damaged image .*truncated"):
        load_dataset(tmp_path)
