"""Images resized to what a network takes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

import keras
import numpy as np

from keras_attn.checks import check_whole_number
from keras_attn.data.dataset import Dataset, Split
from keras_attn.data.letterbox import MULTIPLE
from keras_attn.data.stored import collected
from keras_attn.study.models import Network

#: Images that are resized at a time.
BATCH = 256


def at_size(
    datasets: Sequence[Dataset], network: Network, size: int | None
) -> tuple[list[Dataset], tuple[str, ...]]:
    """Image sets at the size that reaches the network, and a note on each that was resized.

    Args:
        datasets: The image sets.
        network: The network; it decides the size if none is given and the images do not fit.
        size: The side in pixels, or None.
    """
    if size is not None:
        size = check_whole_number("size", size, 1)
    found, notes = [], []
    for dataset in datasets:
        sides = dataset.image_shape[:-1]
        if len(sides) == 3 and size is not None and set(sides) != {size}:
            raise ValueError(
                f"`size` resizes images, and {dataset.name} has volumes of "
                f"{'x'.join(map(str, sides))}. Resize them before the comparison."
            )
        if dataset.task == "detection":
            _check_letterboxed(dataset, size)
            found.append(dataset)
            continue
        own = None if isinstance(network, str) else network.size_for(dataset.image_shape)
        side = own if size is None else size
        if side is None or set(sides) == {side}:
            found.append(dataset)
            continue
        found.append(resized(dataset, side))
        how = "enlarged" if side > min(sides) else "reduced"
        why = "" if size is not None else ", the size that the model needs"
        notes.append(
            f"The images of {dataset.name} were {how} from {'x'.join(map(str, sides))} to "
            f"{side}x{side}{why}."
        )
    return found, tuple(notes)


def _check_letterboxed(dataset: Dataset, size: int | None) -> None:
    """Raises a ValueError unless images with boxes have the size, which is chosen as they load."""
    longest = max(dataset.image_shape[:-1])
    if size is not None and longest != -(-size // MULTIPLE) * MULTIPLE:
        raise ValueError(
            f"Images with boxes are resized as they are loaded, and those of {dataset.name} have a "
            f"longer side of {longest}: use load_dataset(..., size={size})."
        )


def resized(dataset: Dataset, side: int) -> Dataset:
    """The same images at another size, by bilinear interpolation, smoothed where they shrink."""
    train, val, test = (
        Split(_resized(split.images, side), _labels(split.labels, side))
        for split in (dataset.train, dataset.val, dataset.test)
    )
    return replace(dataset, train=train, val=val, test=test)


def _labels(labels: np.ndarray, side: int) -> np.ndarray:
    """Labels as they are; masks resized without interpolation."""
    if labels.ndim < 3:
        return labels
    rows, columns = (
        ((np.arange(side) + 0.5) * length / side).astype(int) for length in labels.shape[1:]
    )
    return labels[:, rows[:, None], columns]


def _resized(images: np.ndarray, side: int) -> np.ndarray:
    def chunks() -> Iterator[np.ndarray]:
        for start in range(0, len(images), BATCH):
            yield _batch(images[start : start + BATCH], side)

    shape = (side, side, images.shape[-1])
    return collected(len(images), shape, images.dtype, chunks)


def _batch(images: np.ndarray, side: int) -> np.ndarray:
    new = keras.ops.image.resize(
        images.astype("float32"), (side, side), antialias=True, data_format="channels_last"
    )
    values = keras.ops.convert_to_numpy(new)
    if images.dtype == np.uint8:
        return np.clip(np.round(values), 0, 255).astype(np.uint8)
    return np.clip(values, 0, 1).astype(images.dtype)
