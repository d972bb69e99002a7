"""Images of any size on canvases of one size, with their proportions kept."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from keras_attn.checks import check_whole_number
from keras_attn.data.image_file import Header, read_pixels
from keras_attn.data.pictures import Target, read_pictures, scaled_values, target_of

#: The longer side of images of different sizes, if no size is given.
DEFAULT_SIDE = 320

#: The sides of a canvas are multiples of this, so that every stage of a network can halve them.
MULTIPLE = 32


class Letterbox(NamedTuple):
    """How images are put on a canvas: resized, and in its upper left corner.

    Attributes:
        target: The size and type of the canvas.
        side: What the longer side of an image is resized to; None to leave images as they are.
    """

    target: Target
    side: int | None

    def scale(self, header: Header) -> float:
        """The factor by which an image is resized."""
        return self.side / max(header.width, header.height) if self.side else 1.0

    def size(self, header: Header) -> tuple[int, int]:
        """Width and height of an image after resizing."""
        scale = self.scale(header)
        width, height = (max(1, round(scale * side)) for side in (header.width, header.height))
        return width, height


def letterbox_of(headers: Mapping[Path, Header], side: int | None) -> Letterbox:
    """The smallest canvas on which all images have room.

    Args:
        headers: Of the images.
        side: What the longer side of every image is resized to; None keeps the images if all have
            one size, and stands for 320 if not.
    """
    if side is None and len({(each.width, each.height) for each in headers.values()}) > 1:
        side = DEFAULT_SIDE
    if side is not None:
        check_whole_number("size", side, least=MULTIPLE)
    unlimited = Letterbox(target_of(headers, 0, 0), side)
    sizes = np.array([unlimited.size(each) for each in headers.values()])
    width, height = (int(-(-longest // MULTIPLE) * MULTIPLE) for longest in sizes.max(axis=0))
    return Letterbox(target_of(headers, height, width), side)


def read_letterboxed(
    paths: Sequence[Path], headers: Mapping[Path, Header], box: Letterbox, total: int
) -> np.ndarray:
    """Several images on canvases, in memory or, if the set is too large for it, in a file.

    Args:
        paths: The files.
        headers: Their headers.
        box: What they become.
        total: Images of all splits of the set.

    Raises:
        OSError: One cannot be read.
        ValueError: One is damaged.
    """
    return read_pictures(
        paths, box.target, total, lambda path: _read(path, headers[path], box), box
    )


def _read(path: Path, header: Header, box: Letterbox) -> np.ndarray:
    canvas = np.zeros(box.target.shape, box.target.dtype)
    width, height = box.size(header)
    pixels = read_pixels(path, box.target.channels, (width, height))
    canvas[:height, :width] = scaled_values(pixels, box.target)
    return canvas
