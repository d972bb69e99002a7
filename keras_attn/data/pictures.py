"""Image files of a set, read into arrays that are all alike."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from keras_attn.checks import check_whole_number
from keras_attn.data.image_file import Header, read_header, read_pixels
from keras_attn.data.stored import CHUNK, collected, key_of

DEFAULT_SIZE = 64


class Target(NamedTuple):
    """What all images of a set are brought to.

    Attributes:
        height: In pixels.
        width: In pixels.
        channels: 1 for grayscale, 3 for RGB.
        bits: Bits per sample of the files: 8, 16, or 32 for floats.
        dtype: `"uint8"`, or `"float32"` in [0, 1].
    """

    height: int
    width: int
    channels: int
    bits: int
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
        What `target_of` gives for that size.

    Raises:
        OSError: An image cannot be read.
        ValueError: An image is damaged, or the files have different numbers of bits.
    """
    headers = read_headers(paths)
    sizes = {(header.width, header.height) for header in headers.values()}
    if size is not None or len(sizes) > 1:
        size = DEFAULT_SIZE if size is None else size
        width = height = check_whole_number("size", size, least=1)
    else:
        ((width, height),) = sizes
    return target_of(headers, height, width)


def read_headers(paths: Sequence[Path]) -> dict[Path, Header]:
    """The header of each image; of what is lost in reading the images, a warning tells.

    Raises:
        OSError: An image cannot be read.
        ValueError: An image is damaged, or the files have different numbers of bits.
    """
    headers = {path: read_header(path) for path in paths}
    _check_bits(headers)
    warn_of_what_is_lost(headers)
    return headers


def target_of(headers: Mapping[Path, Header], height: int, width: int) -> Target:
    """What images with these headers are brought to.

    Grayscale if all images are. Scans of 16 bits make the set float32: eight bits would leave
    little of a 12-bit scan that is stored in 16.
    """
    gray = all(header.gray for header in headers.values())
    bits = next(iter(headers.values())).bits
    return Target(height, width, 1 if gray else 3, bits, "uint8" if bits == 8 else "float32")


def read_picture(path: Path, target: Target) -> np.ndarray:
    """Read an image; see `read_pixels`.

    Args:
        path: The file.
        target: What to bring it to.

    Returns:
        An array of the target's shape and type.

    Raises:
        OSError: There is no such file, or it may not be read.
        ValueError: It cannot be read or trained on.
    """
    array = read_pixels(path, target.channels, (target.width, target.height))
    return np.broadcast_to(scaled_values(array, target), target.shape)


def scaled_values(pixels: np.ndarray, target: Target) -> np.ndarray:
    """Pixels as `read_pixels` returns them, in the type and the range of a target."""
    if target.dtype == "uint8":
        return pixels
    return pixels / np.float32(255) if pixels.dtype == np.uint8 else pixels.clip(0, 1)


def _check_bits(headers: dict[Path, Header]) -> None:
    """Refuse files of different depths: their scales differ, which a model can learn."""
    by_bits: dict[int, list[Path]] = {}
    for path, header in headers.items():
        by_bits.setdefault(header.bits, []).append(path)
    if len(by_bits) > 1:
        found = " and ".join(
            f"{len(by_bits[bits])} of {'floats' if bits == 32 else f'{bits} bits'} "
            f"(such as {by_bits[bits][0]})"
            for bits in sorted(by_bits)
        )
        raise ValueError(
            f"The image files differ in bits per sample: {found}. They would be scaled "
            "differently, so that a model could learn the type of the file instead of the class. "
            "Convert all of them to one type."
        )


def warn_of_what_is_lost(headers: dict[Path, Header]) -> None:
    """Name the files of which more is stored than is read: pages, frames, bits."""
    pages = [path for path, header in headers.items() if header.pages]
    if pages:
        warnings.warn(
            f"{_count(pages, 'image file')} more than one page or frame, of which only the first "
            "is read. Save each page that counts as a file of its own.",
            stacklevel=7,
        )
    deeper = [path for path, header in headers.items() if header.stored_bits > header.bits]
    if deeper:
        warnings.warn(
            f"{_count(deeper, 'image file')} 16 bits per sample, of which Pillow reads the upper "
            "8. If the values are small, save arrays in a .npz file.",
            stacklevel=7,
        )


def _count(paths: list[Path], what: str) -> str:
    verb = "has" if len(paths) == 1 else "have"
    plural = "" if len(paths) == 1 else "s"
    return f"{len(paths)} {what}{plural} (such as {paths[0]}) {verb}"


def read_pictures(
    paths: Sequence[Path],
    target: Target,
    total: int,
    read: Callable[[Path], np.ndarray] | None = None,
    settings: object = None,
) -> np.ndarray:
    """Several images, in memory or, if the set is too large for it, in a file.

    Args:
        paths: The files.
        target: What the images become.
        total: Images of all splits of the set.
        read: Reads one image; `read_picture` if None.
        settings: What its result depends on, beside the file; the target if None.

    Raises:
        OSError: One cannot be read.
        ValueError: One is damaged.
    """
    read_one = read or (lambda path: read_picture(path, target))
    key = settings or target

    def chunks() -> Iterator[np.ndarray]:
        for start in range(0, len(paths), CHUNK):
            yield np.stack([read_one(each) for each in paths[start : start + CHUNK]])

    return collected(
        len(paths), target.shape, target.dtype, chunks, lambda: key_of(paths, key), total
    )
