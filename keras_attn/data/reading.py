"""Image files as the input of a trained model, read as its training images were."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from keras_attn.data.description import ModelDescription
from keras_attn.data.image_file import Header, read_header, read_pixels
from keras_attn.data.pictures import Target, choose_target, read_picture, warn_of_what_is_lost


def read_as_trained(paths: list[Path], description: ModelDescription) -> np.ndarray:
    """Read image files as the training images of a model were read.

    Args:
        paths: The image files.
        description: What the model was trained on.

    Returns:
        Float32 pixels of shape (N, height, width, channels), on the scale of the training images.

    Raises:
        OSError: A file does not exist or cannot be read.
        ValueError: An image is of another kind than the training images, or outside their range.
    """
    headers = {path: read_header(path) for path in paths}
    warn_of_what_is_lost(headers)
    return np.stack([_read_one(path, headers[path], description) for path in paths])


def read_for_input(
    paths: list[Path], input_shape: tuple[int | None, ...], value_range: tuple[float, float]
) -> np.ndarray:
    """Read image files for a model of which only the input's shape is known.

    Args:
        paths: The image files.
        input_shape: (None, height, width, channels) of the model; open sizes are decided as
            `choose_target` does.
        value_range: The values of black and white that the model expects.

    Returns:
        Float32 pixels in this range.

    Raises:
        OSError: A file does not exist or cannot be read.
        ValueError: The input is not an image, or a file cannot be read.
    """
    channels = input_shape[-1]
    if len(input_shape) != 4 or channels not in (1, 3):
        raise ValueError(
            "The model must take images, (None, height, width, 1 or 3). Its input is "
            f"{tuple(input_shape)}."
        )
    low, high = value_range
    found = choose_target(paths, None)
    _, height, width, _ = input_shape
    target = Target(
        height or found.height, width or found.width, channels, found.bits, dtype="float32"
    )
    return low + (high - low) * np.stack([read_picture(path, target) for path in paths])


def _read_one(path: Path, header: Header, description: ModelDescription) -> np.ndarray:
    bits = 8 if description.dtype == "uint8" else description.bits
    if bits is not None and header.bits != bits:
        raise ValueError(
            f"{path} has {header.bits} bits per sample, and the model was trained on images of "
            f"{bits}, which are scaled differently. Convert the image as the training images were."
        )
    height, width, channels = description.image_shape
    if channels == 1 and not header.gray and _has_colours(path, (width, height)):
        raise ValueError(
            f"{path} has colours, and the model was trained on grayscale images. Convert the "
            "image to grayscale as the training images were."
        )
    pixels = read_picture(path, Target(height, width, channels, header.bits, description.dtype))
    _check_range(path, pixels, description)
    return pixels.astype("float32")


def _has_colours(path: Path, size: tuple[int, int]) -> bool:
    """Whether the channels differ: a gray image may be stored with three equal ones."""
    return bool(np.ptp(read_pixels(path, 3, size), axis=-1).max() > 0)


def _check_range(path: Path, pixels: np.ndarray, description: ModelDescription) -> None:
    """Refuse values far from all training images; a new image may exceed them a little."""
    low, high = description.value_range
    margin = high - low
    found_low, found_high = float(pixels.min()), float(pixels.max())
    if found_low < low - margin or found_high > high + margin:
        raise ValueError(
            f"{path} has values from {found_low:g} to {found_high:g} where the training images of "
            f"the model go from {low:g} to {high:g}. Rescale the image as they were."
        )
