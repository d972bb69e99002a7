"""One image file: what its header says, and its pixels without surprises."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from keras_attn.extras import require

if TYPE_CHECKING:
    from PIL import Image

ORIENTATION = 0x0112
BITS_PER_SAMPLE, PHOTOMETRIC, SAMPLES, SAMPLE_FORMAT = 258, 262, 277, 339
WHITE_IS_ZERO, SIGNED = 0, 2
#: Samples per pixel of each photometric interpretation of TIFF, without extra ones.
TIFF_SAMPLES = {0: 1, 1: 1, 2: 3, 3: 1, 5: 4, 6: 3, 8: 3}
#: Formats that Pillow identifies but reads only with other programs, or not as one picture.
NOT_PICTURES = frozenset({"BUFR", "EPS", "GRIB", "HDF5", "IPTC", "MPEG", "WMF"})


class UnsuitableImageError(ValueError):
    """An image that is whole, but that cannot be trained on as it is."""


class Header(NamedTuple):
    """What the header of an image file says.

    Attributes:
        width: In pixels, after turning the image as its EXIF data say.
        height: In pixels, likewise.
        gray: Whether the image has no colours, as far as its mode or palette tells.
        bits: Bits per sample as they are read: 8, 16, or 32 for floats.
        stored_bits: Bits per sample as they are stored: Pillow reads colours in 8 bits only.
        pages: Whether there are more pages or frames than the first.
    """

    width: int
    height: int
    gray: bool
    bits: int
    stored_bits: int
    pages: bool


def is_image_file(path: Path) -> bool:
    """Whether a file is an image by its suffix or, with any other suffix, by its content."""
    if path.suffix.lower() in image_suffixes():
        return True
    pil = require("PIL.Image", extra="datasets")
    try:
        with path.open("rb") as file, pil.open(file) as image:
            return image.format not in NOT_PICTURES
    except pil.DecompressionBombError:
        return True
    except Exception:  # whatever a file that is not an image makes the readers raise
        return False


@cache
def image_suffixes() -> frozenset[str]:
    """The suffixes of all formats that this installation of Pillow reads."""
    pil = require("PIL.Image", extra="datasets")
    pil.init()
    known = pil.registered_extensions().items()
    return frozenset(
        suffix for suffix, name in known if name in pil.OPEN and name not in NOT_PICTURES
    )


def read_header(path: Path) -> Header:
    """Read the header of an image file.

    Raises:
        OSError: There is no such file, or it may not be read.
        ValueError: It is not an image that Pillow reads.
    """
    with opened(path) as image:
        width, height = _upright_size(image)
        bits = 8
        if _is_deep(image):
            bits = 32 if image.mode == "F" else 16
        # Phones store a preview or depth map as a second frame of a JPEG (MPO).
        pages = image.format != "MPO" and bool(getattr(image, "is_animated", False))
        return Header(width, height, _is_gray(image), bits, max(bits, _stored_bits(image)), pages)


@contextmanager
def opened(path: Path) -> Iterator[Image.Image]:
    """An open image; each kind of failure becomes one clear error."""
    pil = require("PIL.Image", extra="datasets")
    try:
        # Not by its path: Pillow then maps plain TIFFs into memory and garbles those to be turned.
        with path.open("rb") as file, pil.open(file) as image:
            _check_samples(image)
            yield image
    except UnsuitableImageError as error:
        raise UnsuitableImageError(f"{path} {error}") from None
    except FileNotFoundError:
        raise FileNotFoundError(f"There is no image file {str(path)!r}.") from None
    except (PermissionError, IsADirectoryError) as error:
        raise type(error)(f"{path} cannot be read ({error.strerror}).") from error
    except pil.DecompressionBombError as error:
        raise ValueError(
            f"{path} has more pixels than Pillow reads by default ({error}). Save it smaller, cut "
            "it into tiles, or, if you trust the file, set PIL.Image.MAX_IMAGE_PIXELS = None first."
        ) from None
    except pil.UnidentifiedImageError as error:
        raise ValueError(
            f"{path} is not an image that Pillow reads: it is damaged or of another kind. Replace "
            "it, or remove it."
        ) from error
    # Damaged files raise almost anything, SyntaxError and struct.error among it.
    except Exception as error:
        raise ValueError(
            f"{path} is a damaged image ({error}). Replace it, or remove it."
        ) from error


def read_pixels(path: Path, channels: int, size: tuple[int, int]) -> np.ndarray:
    """Read the pixels of an image file.

    Transparent images are put on white, animations give their first frame, and EXIF orientation
    is honoured.

    Args:
        path: The file.
        channels: 1 for grayscale, 3 for RGB. Images of 16 bits or floats are gray in any case.
        size: Width and height; images of another size are resized without keeping proportions.

    Returns:
        uint8 of shape (height, width, 1 or 3); float32 in [0, 1] for images of 16 bits or floats.

    Raises:
        OSError: There is no such file, or it may not be read.
        ValueError: It cannot be read or trained on.
    """
    pil = require("PIL.Image", extra="datasets")
    with opened(path) as file:
        white_is_zero = _tiff_tag(file, PHOTOMETRIC) == WHITE_IS_ZERO
        image = require("PIL.ImageOps", extra="datasets").exif_transpose(file)
        if _is_deep(image):
            values = _unit_range(np.asarray(image))
            # Pillow inverts such images of up to 8 bits itself.
            image = pil.fromarray(1 - values if white_is_zero else values)
        else:
            if file.format == "TIFF":
                _check_opaque(image)
            image = _opaque(image).convert("L" if channels == 1 else "RGB")
        if image.size != size:
            image = image.resize(size, pil.Resampling.BILINEAR)
        array = np.asarray(image)
    return array[..., np.newaxis] if array.ndim == 2 else array


def _tiff_tag(image: Image.Image, tag: int) -> int | None:
    """The first value of a tag of a TIFF; None if there is none."""
    value = getattr(image, "tag_v2", {}).get(tag) if image.format == "TIFF" else None
    return value[0] if isinstance(value, tuple) else value


def _check_samples(image: Image.Image) -> None:
    """Refuse TIFFs with samples that Pillow drops, or whose signs it drops."""
    samples = _tiff_tag(image, SAMPLES) or 1
    expected = TIFF_SAMPLES.get(_tiff_tag(image, PHOTOMETRIC) or 0, samples)
    declares_alpha = "A" in image.mode.upper() and image.mode != "LAB"
    if samples > expected + declares_alpha:
        raise UnsuitableImageError(
            f"has {samples} samples per pixel, of which Pillow would read {expected}. Save it with "
            "1 (grayscale) or 3 (RGB) samples, or save all images as arrays in a .npz file."
        )
    if _tiff_tag(image, SAMPLE_FORMAT) == SIGNED and image.mode == "L":
        raise UnsuitableImageError(
            "has signed pixels of 8 bits, whose negative values Pillow reads as bright ones. Save "
            "it with unsigned pixels."
        )


def _check_opaque(image: Image.Image) -> None:
    """Refuse a fourth band that would be taken for transparency, though it may be a measurement."""
    alpha = next((band for band in image.getbands() if band in "Aa"), None)
    if alpha and image.getchannel(alpha).getextrema() != (255, 255):
        raise UnsuitableImageError(
            f"is a TIFF with {len(image.getbands())} samples per pixel, the last of which is "
            "either transparency or another measurement such as infrared. Save it with 1 "
            "(grayscale) or 3 (RGB) samples."
        )


def _stored_bits(image: Image.Image) -> int:
    """Bits per sample in the file, for the formats that store colours in 16 bits."""
    bits = _tiff_tag(image, BITS_PER_SAMPLE) or 8
    raw_modes = (str(tile[3]) for tile in getattr(image, "tile", ()) if image.format == "PNG")
    return 16 if bits > 8 or any(";16" in each for each in raw_modes) else 8


def _upright_size(image: Image.Image) -> tuple[int, int]:
    """Width and height after turning the image as its EXIF data say."""
    if image.format == "TIFF":
        image.load()  # turns the image itself, in some versions of Pillow only here
        return image.size
    turned = image.getexif().get(ORIENTATION, 1) >= 5
    return image.size[::-1] if turned else image.size


def _is_gray(image: Image.Image) -> bool:
    """Whether an image has no colours, as far as its mode or palette tells."""
    if image.mode == "P":
        palette = np.reshape(image.getpalette("RGB") or [], (-1, 3))
        return bool((palette == palette[:, :1]).all())
    return image.mode in ("1", "L", "LA", "La") or _is_deep(image)


def _is_deep(image: Image.Image) -> bool:
    """Whether an image is read with more than 8 bits; Pillow reads only grayscale so."""
    return image.mode in ("I", "F") or image.mode.startswith("I;16")


def _unit_range(values: np.ndarray) -> np.ndarray:
    """The pixels of a deep image in [0, 1]."""
    top = 1 if values.dtype.kind == "f" else 65535
    low, high = values.min(), values.max()
    if not (low >= 0 and high <= top):
        raise UnsuitableImageError(
            f"has pixels from {low:g} to {high:g}: expected 0 to {top}. Values in units of their "
            "own, such as Hounsfield units, need a window that you choose: rescale all images "
            "alike to 16-bit integers, or to floats in [0, 1] in a .npz file."
        )
    return (values / top).astype(np.float32)


def _opaque(image: Image.Image) -> Image.Image:
    """An image on white, where it is transparent."""
    if "A" not in image.getbands() and "transparency" not in image.info:
        return image
    image = image.convert("RGBA")
    white = require("PIL.Image", extra="datasets").new("RGBA", image.size, "white")
    white.alpha_composite(image)
    return white
