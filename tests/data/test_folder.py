import numpy as np
import pytest
from PIL import Image

from keras_attn.data import load_dataset

RNG = np.random.default_rng(0)


def noise(height=6, width=5, channels=3):
    pixels = RNG.integers(0, 256, (height, width, channels), "uint8")
    return Image.fromarray(pixels[..., 0] if channels == 1 else pixels)


def write(root, files):
    """Images of random pixels, or the ones given, under a folder."""
    for name in files:
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        image = files[name] if isinstance(files, dict) else noise()
        if isinstance(image, bytes):
            path.write_bytes(image)
        else:
            image.save(path)
    return root


def flat(images=None, count=4):
    """Two classes with the same images."""
    images = images or {f"{i}.png": noise() for i in range(count)}
    return {f"{c}/{name}": image for c in ("cat", "dog") for name, image in images.items()}


def split_folders(*parts, classes=("cat", "dog")):
    return [f"{part}/{c}/{i}.png" for part in parts for c in classes for i in range(2)]


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


def test_what_is_no_image_is_passed_over(tmp_path):
    rest = dict.fromkeys((".hidden/a.png", "cat/.b.png", "cat/notes.txt", "README.md"), b"x")
    assert load_dataset(write(tmp_path, flat() | rest)).class_names == ("cat", "dog")


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
    with pytest.raises(ValueError, match=f"size is {size!r}: expected a number of pixels"):
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


def every_image(dataset):
    return [image for part in ("train", "val", "test") for image in getattr(dataset, part).images]


GRAY = noise(channels=1)
PIXELS = np.asarray(GRAY)
PALETTE = GRAY.copy()
PALETTE.putpalette([value for i in range(256) for value in (255 - i,) * 3])
COLOURS = GRAY.copy()
COLOURS.putpalette([value for i in range(256) for value in (i, 255 - i, 7)])
ALPHA = Image.merge("LA", [GRAY, Image.fromarray(np.where(PIXELS > 99, 255, 0).astype("uint8"))])
DEEP = Image.fromarray(PIXELS.astype("uint16") * 16)  # 12 bits in 16, as scanners write them


@pytest.mark.parametrize(
    ("suffix", "image", "expected"),
    [
        ("png", GRAY, PIXELS[..., None]),
        ("tif", GRAY, PIXELS[..., None]),
        ("bmp", GRAY, PIXELS[..., None]),
        ("gif", GRAY, PIXELS[..., None]),
        ("png", GRAY.convert("1", dither=0), np.where(PIXELS > 127, 255, 0)[..., None]),
        ("png", PALETTE, 255 - PIXELS[..., None]),
        ("png", COLOURS, np.stack([PIXELS, 255 - PIXELS, PIXELS * 0 + 7], -1)),
        ("png", ALPHA, np.where(PIXELS > 99, PIXELS, 255)[..., None]),
        ("png", ALPHA.convert("RGBA"), np.where(PIXELS > 99, PIXELS, 255)[..., None].repeat(3, -1)),
        ("png", DEEP, PIXELS[..., None] / 65535 * 16),
        ("tif", DEEP, PIXELS[..., None] / 65535 * 16),
        ("tif", Image.fromarray((PIXELS / 255).astype("float32")), PIXELS[..., None] / 255),
    ],
    ids=lambda value: getattr(value, "mode", None) or (value if isinstance(value, str) else ""),
)
def test_modes(suffix, image, expected, tmp_path):
    images = {f"{i}.{suffix}": image for i in range(3)}
    dataset = load_dataset(write(tmp_path, flat(images)))
    assert dataset.train.images.dtype == ("float32" if expected.dtype.kind == "f" else "uint8")
    for found in every_image(dataset):
        np.testing.assert_allclose(found, expected, rtol=1e-6)


def test_one_colour_image_makes_all_colour(tmp_path):
    images = {f"{i}.png": GRAY for i in range(3)} | {"colour.jpg": noise()}
    dataset = load_dataset(write(tmp_path, flat(images)))
    assert dataset.image_shape == (6, 5, 3)
    assert sum((i == PIXELS[..., None]).all() for i in every_image(dataset)) == 6


def test_deep_and_other_images_together(tmp_path):
    images = {f"{i}.png": GRAY for i in range(3)} | {"deep.png": DEEP, "colour.png": noise(9, 9)}
    dataset = load_dataset(write(tmp_path, flat(images)), size=6)
    assert dataset.train.images.dtype == np.float32
    assert dataset.image_shape == (6, 6, 3)


@pytest.mark.parametrize("suffix", ["jpg", "tif", "png"])
def test_orientation_is_honoured(suffix, tmp_path):
    stored = Image.fromarray(np.repeat(np.arange(0, 240, 40, dtype="uint8")[:, None], 3, axis=1))
    exif = Image.Exif()
    exif[0x0112] = 6  # the stored image is to be turned clockwise
    for i in range(3):
        for c in ("cat", "dog"):
            (tmp_path / c).mkdir(exist_ok=True)
            stored.save(tmp_path / c / f"{i}.{suffix}", exif=exif)
    dataset = load_dataset(tmp_path)
    assert dataset.image_shape == (3, 6, 1)
    for found in every_image(dataset):
        np.testing.assert_allclose(found[0, :, 0], np.arange(0, 240, 40)[::-1], atol=8)


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
        ([*split_folders("train"), "cat/a.png"], "'cat': that is no split"),
        ([*split_folders("train"), "test/ant/a.png"], "test has the class 'ant', which train has"),
        ([*split_folders("train"), "val/a.png"], "val has no images"),
        (split_folders("train", classes=["cat"]), r"the folder\(s\) 'cat': expected two"),
        (flat(count=2), "Class 'cat' of .* has 2 training"),
        (flat() | {"cat/bad.png": b""}, "bad.png cannot be read as an image .*Delete or replace"),
        (flat() | {"cat/bad.jpg": b"text"}, "bad.jpg cannot be read as an image"),
        (flat() | {"cat/bad.png": PNG}, "bad.png cannot be read as an image"),
        (
            flat() | {"cat/bad.tif": Image.fromarray(np.full((6, 5), 1.5, "float32"))},
            r"bad.tif cannot be read as an image \(its pixels go from 1.5 to 1.5",
        ),
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
    with pytest.raises(ValueError, match=r"1.png cannot be read as an image .*truncated"):
        load_dataset(tmp_path)
