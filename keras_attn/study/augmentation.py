"""Augmentation of training images, drawn by NumPy so that every variant sees the same images."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
from scipy import ndimage

#: Name -> what it does, each including those before it.
PRESETS = ("none", "shift-flip", "standard", "strong")

#: Largest shift of a preset, as a part of the side.
SHIFT = 8


def as_augmentation(augmentation: Any) -> str | dict[str, Any]:
    """A preset, or the configuration of a Keras layer, as values for JSON.

    Raises:
        ValueError: If it is neither.
    """
    if isinstance(augmentation, keras.layers.Layer):
        return keras.layers.serialize(augmentation)
    if isinstance(augmentation, dict) and "class_name" in augmentation:
        return augmentation
    if augmentation not in PRESETS:
        raise ValueError(
            f"`augmentation` must be one of {', '.join(PRESETS)}, or a Keras preprocessing layer. "
            f"Received: {augmentation!r}."
        )
    return augmentation


class Augmentation:
    """Augments batches of images.

    Args:
        kind: What `as_augmentation` returned.
        shift: Shift by up to this many pixels, if the preset does not shift.
        flip: Mirror half of the images, also if the preset does not.
    """

    def __init__(self, kind: str | dict[str, Any], shift: int = 0, flip: bool = False) -> None:
        self.layer = keras.layers.deserialize(kind) if isinstance(kind, dict) else None
        self.strength = 0 if isinstance(kind, dict) else PRESETS.index(kind)
        self.shift = shift
        self.flip = flip or self.strength > 0

    def __call__(self, images: np.ndarray, random: np.random.Generator) -> np.ndarray:
        """Augments a batch, which may be changed.

        Args:
            images: (N, *positions, channels) in float32.
            random: Decides everything.
        """
        if self.flip:
            mirrored = random.random(len(images)) < 0.5
            images[mirrored] = np.flip(images[mirrored], axis=-2)
        shift = self.shift or (max(1, images.shape[1] // SHIFT) if self.strength else 0)
        if shift:
            axes = images.ndim - 2
            moves = random.integers(-shift, shift + 1, (len(images), axes))
            images = np.stack([shifted(*pair) for pair in zip(images, moves, strict=True)])
        if self.strength > 1:
            images = recolored(images, random)
        if self.strength > 2:
            images = np.stack([erased(rotated(each, random), random) for each in images])
        return images if self.layer is None else augmented_by(self.layer, images, random)


def augmented_by(
    layer: keras.layers.Layer, images: np.ndarray, random: np.random.Generator
) -> np.ndarray:
    """The images after a Keras layer, whose random numbers `random` decides."""
    for generator in generators_of(layer):
        generator.state.assign(random.integers(0, 2**31, generator.state.shape))
    return keras.ops.convert_to_numpy(layer(images, training=True))


def generators_of(layer: keras.layers.Layer) -> list[keras.random.SeedGenerator]:
    """Every random generator of a layer and of the layers in it."""
    layers = layer._flatten_layers()
    values = [value for each in layers for value in vars(each).values()]
    return [value for value in values if isinstance(value, keras.random.SeedGenerator)]


def shifted(image: np.ndarray, move: np.ndarray) -> np.ndarray:
    """The image moved along its spatial axes; the border is filled with zeros."""
    result = np.zeros_like(image)
    source, target = zip(
        *(
            (slice(max(0, -step), max(0, size - step)), slice(max(0, step), max(0, size + step)))
            for step, size in zip(move, image.shape, strict=False)
        ),
        strict=True,
    )
    result[target] = image[source]
    return result


def recolored(images: np.ndarray, random: np.random.Generator) -> np.ndarray:
    """Images with contrast and brightness changed by up to 20 %, in the range that they had."""
    low, high = images.min(), images.max()
    ones = (len(images),) + (1,) * (images.ndim - 1)
    contrast = random.uniform(0.8, 1.2, ones).astype("float32")
    brightness = (random.uniform(-0.2, 0.2, ones) * (high - low)).astype("float32")
    mean = images.mean(axis=tuple(range(1, images.ndim)), keepdims=True)
    return np.clip((images - mean) * contrast + mean + brightness, low, high)


def rotated(image: np.ndarray, random: np.random.Generator) -> np.ndarray:
    """The image rotated by up to 15 degrees about its centre."""
    angle = random.uniform(-15.0, 15.0)
    axes = (image.ndim - 3, image.ndim - 2)
    return ndimage.rotate(image, angle, axes=axes, reshape=False, order=1, mode="nearest")


def erased(image: np.ndarray, random: np.random.Generator) -> np.ndarray:
    """The image with a box of a quarter of each side filled with its mean."""
    sizes = [max(1, size // 4) for size in image.shape[:-1]]
    starts = [
        random.integers(0, size - part + 1) for size, part in zip(image.shape, sizes, strict=False)
    ]
    image[tuple(slice(s, s + part) for s, part in zip(starts, sizes, strict=True))] = image.mean()
    return image
