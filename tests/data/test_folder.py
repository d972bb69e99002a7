import struct

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


@pytest.mark.parametrize(
    ("suffix", "kind"),
    [("jfif", "JPEG"), ("jpe", "JPEG"), ("jp2", "JPEG2000"), ("avif", "AVIF"), ("", "PNG")],
)
def test_every_format_that_pillow_reads_is_an_image(suffix, kind, tmp_path):
    Image.init()
    if kind not in Image.SAVE:
        pytest.skip(f"this installation of Pillow does not write {kind}")
    for c in ("cat", "dog"):
        (tmp_path / c).mkdir()
        for i in range(4):
            noise(16, 16).save((tmp_path / c / str(i)).with_suffix(suffix and f".{suffix}"), kind)
    assert len(every_image(load_dataset(tmp_path))) == 8


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


def test_files_of_different_depth_are_refused(tmp_path):
    images = {f"{i}.png": GRAY for i in range(3)} | {"deep.png": DEEP, "colour.png": noise(9, 9)}
    with pytest.raises(ValueError, match=r"8 of 8 bits \(such as .*\) and 2 of 16 bits"):
        load_dataset(write(tmp_path, flat(images)), size=6)


def tiff(pixels, photometric=1, extra=(), sample_format=1):
    """A TIFF, uncompressed, with any tags; Pillow does not write all that others write."""
    height, width, *rest = pixels.shape
    samples = rest[0] if rest else 1
    bits = 8 * pixels.dtype.itemsize
    lists = [[bits] * samples, [sample_format] * samples, list(extra)]
    tags = [(256, [width]), (257, [height]), (258, lists[0]), (259, [1]), (262, [photometric])]
    tags += [(273, [None]), (277, [samples]), (278, [height]), (279, [pixels.nbytes])]
    tags += [(338, lists[2])] * bool(extra) + [(339, lists[1])]
    start = 8 + 2 + 12 * len(tags) + 4
    fields, beyond = b"", b""
    offset = start + sum(2 * len(values) for _, values in tags if len(values) > 2)
    for tag, values in tags:
        data = b"".join(struct.pack("<H", offset if v is None else v) for v in values)
        where = data.ljust(4, b"\0") if len(values) <= 2 else struct.pack("<I", start + len(beyond))
        beyond += data if len(values) > 2 else b""
        fields += struct.pack("<HHI", tag, 3, len(values)) + where
    directory = struct.pack("<H", len(tags)) + fields + bytes(4)
    return b"II*\0" + struct.pack("<I", 8) + directory + beyond + pixels.tobytes()


@pytest.mark.parametrize("dtype", ["uint8", "uint16"])
def test_white_is_zero_is_inverted(dtype, tmp_path):
    values = np.linspace(0, np.iinfo(dtype).max, 30, dtype=dtype).reshape(6, 5)
    images = {f"{i}.tif": tiff(values, photometric=0) for i in range(4)}
    expected = (np.iinfo(dtype).max - values)[..., None]
    for found in every_image(load_dataset(write(tmp_path, flat(images)))):
        scale = 1 if dtype == "uint8" else np.float32(65535)
        np.testing.assert_allclose(found, expected / scale, atol=1e-6)


BANDS = RNG.integers(0, 256, (6, 5, 4), "uint8")
OPAQUE = np.dstack([BANDS[..., :3], np.full((6, 5), 255, "uint8")])


@pytest.mark.parametrize(
    ("image", "message"),
    [
        (tiff(BANDS[..., :2], extra=(0,)), "has 2 samples per pixel, of which Pillow would read 1"),
        (tiff(BANDS, 2, extra=(0,)), "has 4 samples per pixel, of which Pillow would read 3"),
        (tiff(BANDS, 2, extra=(2,)), "TIFF with 4 samples per pixel, the last of which is either"),
        (tiff(BANDS, 2), "TIFF with 4 samples per pixel, the last of which is either"),
        (tiff(BANDS[..., 0], sample_format=2), "has signed pixels of 8 bits"),
        (
            tiff(np.arange(-15, 15, dtype="int16").reshape(6, 5), sample_format=2),
            "-15 to 14: expec",
        ),
        (Image.fromarray(np.full((6, 5), 1.5, "float32")), "has pixels from 1.5 to 1.5: .*Hounsf"),
    ],
)
def test_tiffs_that_would_be_read_wrong_are_refused(image, message, tmp_path):
    images = {f"{i}.tif": image for i in range(4)}
    with pytest.raises(ValueError, match=r"\.tif .*" + message) as caught:
        load_dataset(write(tmp_path, flat(images)))
    assert "remove it" not in str(caught.value)


def test_an_opaque_fourth_band_is_not_needed(tmp_path):
    images = {f"{i}.tif": tiff(OPAQUE, 2, extra=(2,)) for i in range(4)}
    for found in every_image(load_dataset(write(tmp_path, flat(images)))):
        np.testing.assert_array_equal(found, OPAQUE[..., :3])


def test_pages_and_bits_that_are_not_read_are_named(tmp_path):
    for c in ("cat", "dog"):
        (tmp_path / c).mkdir()
        for i in range(4):
            noise().save(tmp_path / c / f"{i}.tif", save_all=True, append_images=[noise()])
    with pytest.warns(UserWarning, match="8 image files .* have more than one page or frame"):
        load_dataset(tmp_path)
    deep = {f"{i}.tif": tiff(BANDS[..., :3].astype("uint16") * 256, 2) for i in range(4)}
    with pytest.warns(UserWarning, match="8 image files .* have 16 bits per sample") as caught:
        load_dataset(write(tmp_path, flat(deep)))
    assert caught[0].filename == __file__


def test_a_very_large_image_is_not_called_damaged(tmp_path, monkeypatch):
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 14)  # an image of more than twice this raises
    with pytest.raises(ValueError, match=r"png has more pixels than Pillow reads.*MAX_IMAGE_PIXE"):
        load_dataset(write(tmp_path, flat()))


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
