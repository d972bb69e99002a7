"""Augmentation of training images, drawn by NumPy so that every variant sees the same images."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
from scipy import ndimage

from keras_attn.data.checks import VOID
from keras_attn.study.box_augmentation import mirrored_boxes, rotated_boxes, shifted_boxes

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

    def __call__(
        self,
        images: np.ndarray,
        random: np.random.Generator,
        masks: np.ndarray | None = None,
        boxes: np.ndarray | None = None,
    ) -> tuple[np.ndarray, np.ndarray | None]:
        """Augments a batch, which may be changed.

        Args:
            images: (N, *positions, channels) in float32.
            random: Decides everything.
            masks: (N, *positions, 1) classes, which move with the images; what enters from outside
                is void.
            boxes: (N, objects, 6), which move with the images; what leaves them is dropped.

        Returns:
            The images, and the masks or the boxes.
        """
        if self.flip:
            mirrored = random.random(len(images)) < 0.5
            for batch in (images,) if masks is None else (images, masks):
                batch[mirrored] = np.flip(batch[mirrored], axis=-2)
            if boxes is not None:
                boxes[mirrored] = mirrored_boxes(boxes[mirrored], images.shape[2])
        shift = self.shift or (max(1, images.shape[1] // SHIFT) if self.strength else 0)
        if shift:
            axes = images.ndim - 2
            moves = random.integers(-shift, shift + 1, (len(images), axes))
            images = np.stack([shifted(*pair) for pair in zip(images, moves, strict=True)])
            if masks is not None:
                pairs = zip(masks, moves, strict=True)
                masks = np.stack([shifted(*pair, filling=VOID) for pair in pairs])
            if boxes is not None:
                found = zip(boxes, moves, strict=True)
                boxes = np.stack([shifted_boxes(*pair, images.shape[1:]) for pair in found])
        if self.strength > 1:
            images = recolored(images, random)
        if self.strength > 2:
            for index in range(len(images)):
                angle = random.uniform(-15.0, 15.0)
                images[index] = erased(rotated(images[index], angle), random)
                if masks is not None:
                    masks[index] = rotated(masks[index], angle, order=0)
                if boxes is not None:
                    boxes[index] = rotated_boxes(boxes[index], angle, images.shape[1:])
        if self.layer is not None:
            return _by_layer(self.layer, images, random, masks)
        return images, masks if boxes is None else boxes


def moves_masks(layer: keras.layers.Layer) -> bool:
    """Whether a layer also augments masks, as Keras's layers for images do."""
    return hasattr(layer, "transform_segmentation_masks")


def generators_of(layer: keras.layers.Layer) -> list[keras.random.SeedGenerator]:
    """Every random generator of a layer and of the layers in it."""
    layers = layer._flatten_layers()
    values = [value for each in layers for value in vars(each).values()]
    return [value for value in values if isinstance(value, keras.random.SeedGenerator)]


def shifted(image: np.ndarray, move: np.ndarray, filling: int = 0) -> np.ndarray:
    """The image moved along its spatial axes; the border is filled with a value."""
    result = np.full_like(image, filling)
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


def rotated(image: np.ndarray, angle: float, order: int = 1) -> np.ndarray:
    """The image rotated about its centre by an angle in degrees; order 0 keeps classes whole."""
    axes = (image.ndim - 3, image.ndim - 2)
    return ndimage.rotate(image, angle, axes=axes, reshape=False, order=order, mode="nearest")


def erased(image: np.ndarray, random: np.random.Generator) -> np.ndarray:
    """The image with a box of a quarter of each side filled with its mean."""
    sizes = [max(1, size // 4) for size in image.shape[:-1]]
    starts = [
        random.integers(0, size - part + 1) for size, part in zip(image.shape, sizes, strict=False)
    ]
    image[tuple(slice(s, s + part) for s, part in zip(starts, sizes, strict=True))] = image.mean()
    return image


def _by_layer(
    layer: keras.layers.Layer,
    images: np.ndarray,
    random: np.random.Generator,
    masks: np.ndarray | None,
) -> tuple[np.ndarray, np.ndarray | None]:
    """The batch after a Keras layer, whose random numbers `random` decides."""
    for generator in generators_of(layer):
        generator.state.assign(random.integers(0, 2**31, generator.state.shape))
    if masks is None:
        return keras.ops.convert_to_numpy(layer(images, training=True)), None
    batch = {"images": images, "segmentation_masks": masks}
    found = layer(batch, training=True)
    new_images, new_masks = (keras.ops.convert_to_numpy(found[name]) for name in batch)
    return new_images, new_masks.astype(masks.dtype)
