"""Image files of every kind are read right, or refused."""

import struct

import numpy as np
import pytest
from image_folders import RNG, every_image, flat, noise, write
from PIL import Image

from keras_attn.data import load_dataset

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
