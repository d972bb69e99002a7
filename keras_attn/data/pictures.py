"""Image files of any mode and depth, read into arrays that are all alike."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from keras_attn.data.checks import check_size
from keras_attn.extras import require

if TYPE_CHECKING:
    from PIL import Image

DEFAULT_SIZE = 64
ORIENTATION = 0x0112


class Target(NamedTuple):
    """What all images of a set are brought to.

    Attributes:
        height: In pixels.
        width: In pixels.
        channels: 1 for grayscale, 3 for RGB.
        dtype: `"uint8"` or, where some image has more than 8 bits, `"float32"` in [0, 1].
    """

    height: int
    width: int
    channels: int
    dtype: str

    @property
    def shape(self) -> tuple[int, int, int]:
        """Of one image."""
        return self.height, self.width, self.channels


def choose_target(paths: list[Path], size: int | None) -> Target:
    """Decide size, channels and type from the headers of all images.

    Args:
        paths: The image files.
        size: Height and width; None for the size that all have, or 64 if they differ.

    Returns:
        Grayscale if all images are. Scans of 16 bits make the set float32: eight bits would leave
        little of a 12-bit scan that is stored in 16.

    Raises:
        ValueError: An image cannot be read.
    """
    sizes, gray, deep = set(), True, False
    for path in paths:
        with _opened(path) as image:
            sizes.add(_upright_size(image))
            gray &= _is_gray(image)
            deep |= _is_deep(image)
    if size is not None or len(sizes) > 1:
        width = height = DEFAULT_SIZE if size is None else check_size(size)
    else:
        ((width, height),) = sizes
    return Target(height, width, 1 if gray else 3, "float32" if deep else "uint8")


def read_picture(path: Path, target: Target) -> np.ndarray:
    """Read an image file the right way up.

    Transparent parts become white. A size that differs is resized without keeping proportions.

    Args:
        path: The file.
        target: What to bring it to.

    Returns:
        An array of the target's shape and type.

    Raises:
        ValueError: It cannot be read.
    """
    pil = require("PIL.Image", extra="datasets")
    with _opened(path) as file:
        image = require("PIL.ImageOps", extra="datasets").exif_transpose(file)
        if _is_deep(image):
            image = pil.fromarray(_unit_range(np.asarray(image)))
        else:
            image = _opaque(image).convert("L" if target.channels == 1 else "RGB")
        if image.size != (target.width, target.height):
            image = image.resize((target.width, target.height), pil.Resampling.BILINEAR)
        array = np.asarray(image)
    if target.dtype == "float32":
        array = array / np.float32(255) if array.dtype == np.uint8 else array.clip(0, 1)
    return array[..., np.newaxis] if array.ndim == 2 else array


def read_for(input_shape: tuple[int | None, ...], paths: list[Path]) -> np.ndarray:
    """Read image files as a model's input, with pixels from 0 to 255.

    Args:
        input_shape: (None, height, width, channels) of the model; open sizes are decided as
            `choose_target` does.
        paths: The image files.

    Raises:
        ValueError: If the input is no image, or a file cannot be read.
    """
    if len(input_shape) != 4 or input_shape[-1] not in (1, 3):
        raise ValueError(
            f"The model must take images, (None, height, width, 1 or 3). Its input is "
            f"{tuple(input_shape)}."
        )
    found = choose_target(paths, None)
    _, height, width, _ = input_shape
    target = Target(height or found.height, width or found.width, input_shape[-1], "float32")
    pictures = [read_picture(path, target) for path in paths]
    # Scans of more than 8 bits are grey whatever the target says.
    return 255 * np.stack([np.broadcast_to(each, target.shape) for each in pictures])


@contextmanager
def _opened(path: Path) -> Iterator[Image.Image]:
    """An open image, whose many kinds of failure become one."""
    pil = require("PIL.Image", extra="datasets")
    try:
        # Not by its path: Pillow then maps plain TIFFs into memory and garbles those to be turned.
        with path.open("rb") as file, pil.open(file) as image:
            yield image
    # Damaged files raise almost anything, SyntaxError and struct.error among it.
    except Exception as error:
        raise ValueError(
            f"{path} cannot be read as an image ({error}). Delete or replace it."
        ) from error


def _upright_size(image: Image.Image) -> tuple[int, int]:
    """Width and height after turning the image as its EXIF data says."""
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
    """Whether an image has more than 8 bits; Pillow reads only grayscale so."""
    return image.mode in ("I", "F") or image.mode.startswith("I;16")


def _unit_range(values: np.ndarray) -> np.ndarray:
    """The pixels of a deep image in [0, 1]."""
    top = 1 if values.dtype.kind == "f" else 65535
    if not (values.min() >= 0 and values.max() <= top):
        raise ValueError(
            f"its pixels go from {values.min():g} to {values.max():g}, expected 0 to {top}"
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
