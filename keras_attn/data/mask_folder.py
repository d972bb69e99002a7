"""Folders of images with masks: images/ and masks/, with or without train, val and test above."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from keras_attn.data.checks import VOID, some
from keras_attn.data.folder import SPLIT_NAMES
from keras_attn.data.groups import warn_of_groups
from keras_attn.data.image_file import is_image_file
from keras_attn.data.masks import is_black_and_white, with_void
from keras_attn.data.pictures import Target, choose_target, read_picture
from keras_attn.data.raw import RawDataset
from keras_attn.extras import require

IMAGES, MASKS, CLASSES = "images", "masks", "classes.txt"


def is_mask_folder(root: Path) -> bool:
    """Whether a folder, or its folder train, has the folders images and masks."""
    return any((part / IMAGES).is_dir() and (part / MASKS).is_dir() for part in _parts(root))


def load_mask_folder(root: Path, size: int | None = None, void: int | None = None) -> RawDataset:
    """Load a folder of images with one mask each.

    `images/` has the images and `masks/` a PNG file for each, with the same name but for the
    suffix. The value of a pixel of a mask is the index of its class; masks of 0 and 255 alone are
    those of one foreground. `classes.txt` names the classes, one per line in the order of the
    indices. Beside or above these folders may be `train`, `val` and `test`.

    Args:
        root: The folder.
        size: Height and width to resize to. None keeps the images if all have one size, and
            resizes them to 64x64 if not. Masks are resized without interpolation, and a
            segmentation is scored at that size.
        void: The value of pixels in the masks that are not counted; None for 255.

    Returns:
        The images with their masks.

    Raises:
        OSError: A file cannot be read.
        ValueError: A mask is missing, has another size, or is not a map of class indices.
    """
    splits = _splits(root)
    pairs = {part: _pairs(folder) for part, folder in splits.items()}
    images = [image for found in pairs.values() for image, _ in found]
    if len(splits) == 1:
        warn_of_groups(images, str(root))
    target = choose_target(images, size)
    arrays = {part: _read(found, target) for part, found in pairs.items()}
    masks = np.concatenate([np.unique(array[1]) for array in arrays.values()])
    if void is None and is_black_and_white(masks):
        arrays = {part: (array, mask // VOID) for part, (array, mask) in arrays.items()}
    else:
        arrays = {part: (array, with_void(mask, void)) for part, (array, mask) in arrays.items()}
    return RawDataset(
        name=root.resolve().name,
        arrays=arrays,
        origin=str(root),
        task="segmentation",
        class_names=_class_names(root, splits, void),
        source=str(root),
        bits=target.bits,
    )


def _parts(root: Path) -> list[Path]:
    return [root, *(path for path in root.iterdir() if path.name.lower() in SPLIT_NAMES)]


def _splits(root: Path) -> dict[str, Path]:
    """The folder of each split."""
    if (root / IMAGES).is_dir():
        return {"train": root}
    found = {
        SPLIT_NAMES[path.name.lower()]: path
        for path in _parts(root)[1:]
        if (path / IMAGES).is_dir()
    }
    if "train" not in found:
        raise ValueError(
            f"{root} has {', '.join(sorted(found))} with images and masks, but no folder train."
        )
    return {part: found[part] for part in ("train", "val", "test") if part in found}


def _pairs(folder: Path) -> list[tuple[Path, Path]]:
    """Each image with its mask.

    Raises:
        ValueError: If an image has no mask, or a mask no image.
    """
    images, masks = (
        {path.stem: path for path in _files(folder / name)} for name in (IMAGES, MASKS)
    )
    if not images:
        raise ValueError(f"{folder / IMAGES} has no images that Pillow reads.")
    for missing, what, where in (
        (sorted(images.keys() - masks.keys()), "images have no mask", MASKS),
        (sorted(masks.keys() - images.keys()), "masks have no image", IMAGES),
    ):
        if missing:
            raise ValueError(
                f"{len(missing)} of the {what} in {folder / where}: {some(missing)}. An image and "
                "its mask have the same name but for the suffix. Add the missing files, or remove "
                "what they belong to."
            )
    return [(images[stem], masks[stem]) for stem in sorted(images)]


def _files(folder: Path) -> list[Path]:
    if not folder.is_dir():
        raise ValueError(
            f"There is no folder {folder}. Images are in {IMAGES}/, masks in {MASKS}/."
        )
    return sorted(path for path in folder.iterdir() if path.is_file() and is_image_file(path))


def _read(pairs: list[tuple[Path, Path]], target: Target) -> tuple[np.ndarray, np.ndarray]:
    """The images and masks of one split."""
    images = np.empty((len(pairs), *target.shape), target.dtype)
    masks = np.empty((len(pairs), target.height, target.width), "uint8")
    for index, (image, mask) in enumerate(pairs):
        images[index] = read_picture(image, target)
        masks[index] = _read_mask(mask, image, target)
    return images, masks


def _read_mask(path: Path, image: Path, target: Target) -> np.ndarray:
    """The class of each pixel, resized without interpolation.

    Raises:
        ValueError: If the mask has another size than the image, or is not a map of indices.
    """
    pil = require("PIL.Image", extra="datasets")
    try:
        with pil.open(path) as file, pil.open(image) as original:
            if file.size != original.size:
                raise ValueError(
                    f"{path} has {file.size[0]}x{file.size[1]} pixels, and its image {image.name} "
                    f"{original.size[0]}x{original.size[1]}. Save a mask of the same size."
                )
            if file.mode not in ("1", "L", "P"):
                raise ValueError(
                    f"{path} is of the mode {file.mode}: expected one byte per pixel, the index of "
                    "its class (mode L or P)."
                )
            grey = file.convert("L") if file.mode == "1" else file
            resized = grey.resize((target.width, target.height), pil.Resampling.NEAREST)
            return np.asarray(resized, "uint8")
    except OSError as error:
        raise ValueError(f"{path} cannot be read as a mask ({error}). Save it again.") from error


def _class_names(root: Path, splits: dict[str, Path], void: int | None) -> tuple[str, ...] | None:
    """The names in `classes.txt`, without that of the void; None if there is no such file.

    Raises:
        ValueError: If the files of two splits differ.
    """
    files = [path for each in (root, *splits.values()) if (path := each / CLASSES).is_file()]
    lists = {path: tuple(path.read_text(encoding="utf-8").split("\n")) for path in files}
    names = {
        path: tuple(name.strip() for name in each if name.strip()) for path, each in lists.items()
    }
    if len(set(names.values())) > 1:
        raise ValueError(
            f"The class names differ between {' and '.join(map(str, names))}. All splits need the "
            "same names in the same order."
        )
    if not names:
        return None
    found = next(iter(names.values()))
    return tuple(name for index, name in enumerate(found) if index != void)
