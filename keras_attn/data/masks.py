"""Masks: a class for each pixel of an image, or the void, which is not counted."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from keras_attn.data.checks import VOID, some
from keras_attn.data.raw import RawDataset


def check_masks(masks: Any, images: np.ndarray, where: str) -> np.ndarray:
    """Bring the masks of a split into the one form that the package works with.

    Args:
        masks: (N, H, W) or (N, H, W, 1) class indices below 255, and 255 for the void.
        images: The images, (N, H, W, channels).
        where: What the masks are called in error messages.

    Returns:
        uint8, (N, H, W).

    Raises:
        ValueError: The shape, the type or the values are not those.
    """
    masks = np.asarray(masks)
    if masks.ndim == images.ndim and masks.shape[-1] == 1:
        masks = masks[..., 0]
    if masks.shape != images.shape[:-1]:
        raise ValueError(
            f"{where} have the shape {masks.shape}: expected {images.shape[:-1]}, one class index "
            "for each pixel of the images."
        )
    if masks.dtype != np.bool_ and not np.issubdtype(masks.dtype, np.integer):
        raise ValueError(
            f"{where} are of type {masks.dtype}: expected whole numbers, the class index of each "
            "pixel. If the last axis holds scores of the classes, save masks.argmax(axis=-1)."
        )
    if masks.size and not 0 <= int(masks.min()) <= int(masks.max()) <= VOID:
        raise ValueError(
            f"{where} have values from {masks.min()} to {masks.max()}: expected class indices from "
            f"0, and {VOID} for the void."
        )
    return masks.astype(np.uint8)


def with_void_in(raw: RawDataset, void: int | None) -> RawDataset:
    """A set with 255 for the void, if it has masks.

    Raises:
        ValueError: If there are no masks.
    """
    if void is None:
        return raw
    if any(np.ndim(labels) < 3 for _, labels in raw.arrays.values()):
        raise ValueError(f"`void` is for masks, and {raw.origin} has labels.")
    arrays = {
        part: (images, with_void(labels, void)) for part, (images, labels) in raw.arrays.items()
    }
    return replace(raw, arrays=arrays)


def with_void(masks: np.ndarray, void: int | None) -> np.ndarray:
    """Masks whose void is 255; None if it is so already."""
    return masks if void is None else np.where(masks == void, np.uint8(VOID), masks)


def is_black_and_white(masks: np.ndarray) -> bool:
    """Whether masks have the values 0 and 255 alone, and both."""
    return set(np.unique(masks)) == {0, VOID}


def check_mask_classes(masks: np.ndarray, class_names: tuple[str, ...], where: str) -> None:
    """Check that training masks have every class, and nothing else but the void.

    Raises:
        ValueError: A value is not a class, or a class occurs in no mask.
    """
    classes = len(class_names)
    present = np.unique(masks)
    present = present[present != VOID]
    if not len(present):
        raise ValueError(f"{where} are void everywhere: there is nothing to learn.")
    check_mask_range(masks, classes, where)
    if classes < 2:
        raise ValueError(
            f"{where} are all {present[0]}: one class only, where a segmentation needs two or more."
        )
    absent = [name for index, name in enumerate(class_names) if index not in present]
    if absent:
        raise ValueError(
            f"{where} never have the class {some(absent)}: a model cannot learn a class without "
            "pixels. Add masks with it, or leave the class out and renumber the others."
        )


def check_mask_range(masks: np.ndarray, classes: int, where: str) -> None:
    """Check that every pixel has a class or is void, and that no mask is void everywhere.

    Raises:
        ValueError: A value is too large, or a mask has no pixel with a class.
    """
    known = masks != VOID
    void = np.flatnonzero(~known.any(axis=tuple(range(1, masks.ndim))))
    if len(void):
        raise ValueError(
            f"{where}: {len(void)} mask(s) are void everywhere, the first that of image {void[0]}. "
            "Leave these images out."
        )
    largest = int(masks[known].max())
    if largest >= classes:
        image = int(np.flatnonzero(((masks == largest) & known).any(axis=(1, 2)))[0])
        raise ValueError(
            f"{where} go up to {largest}, first in the mask of image {image}: expected 0 to "
            f"{classes - 1}, for {classes} classes, and {VOID} for the void. If {largest} is the "
            f"void, give void={largest}."
        )
