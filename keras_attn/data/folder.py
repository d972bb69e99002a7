"""Folders of images: one sub-folder a class, with or without train, val and test above."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from keras_attn.data.pictures import Target, choose_target, read_picture
from keras_attn.data.raw import RawDataset

EXTENSIONS = (".bmp", ".gif", ".jpeg", ".jpg", ".pgm", ".png", ".ppm", ".tif", ".tiff", ".webp")
SPLIT_NAMES = {
    "train": "train",
    "training": "train",
    "val": "val",
    "valid": "val",
    "validation": "val",
    "test": "test",
    "testing": "test",
}


def load_folder(root: Path, size: int | None = None) -> RawDataset:
    """Load a folder of images.

    The classes are the sub-folders in alphabetical order ("10" before "2"). Where one is called
    train (or training) and has sub-folders itself, it and those called val (valid, validation) and
    test (testing) are splits, and the classes are those of train. Hidden files, files that are no
    images and images outside the folders of classes are passed over; of an animation the first
    picture is read.

    Args:
        root: The folder.
        size: Height and width to resize to. None keeps the images if all have one size, and
            resizes them to 64x64 if not.

    Returns:
        The images, grayscale if all of them are, else RGB. The task is left to be inferred.

    Raises:
        ValueError: There are no images, or fewer than two classes, or an image cannot be read.
    """
    splits = _splits(root)
    classes = [folder.name for folder in _folders(splits["train"])]
    files = {part: _labelled_files(folder, classes, part) for part, folder in splits.items()}
    target = choose_target([path for found in files.values() for path, _ in found], size)
    return RawDataset(
        name=root.resolve().name,
        arrays={part: _read(found, target) for part, found in files.items()},
        origin=str(root),
        class_names=tuple(classes),
        source=str(root),
    )


def _splits(root: Path) -> dict[str, Path]:
    """The folders whose sub-folders are the classes."""
    found: dict[str, Path] = {}
    folders = _folders(root)
    parts = [SPLIT_NAMES.get(folder.name.lower()) for folder in folders]
    if "train" not in parts or not any(_folders(folders[parts.index("train")])):
        # No splits, unless there are others: a lone val or test is not a set of classes.
        if not folders or any(part is None for part in parts):
            return {"train": root}
        raise ValueError(
            f"{root} has {_list(folders)}, but no folder train with one sub-folder a class in it."
        )
    for part, folder in zip(parts, folders, strict=True):
        if part is None or part in found:
            other = f"{found[part].name!r} is the same split" if part else "that is no split"
            raise ValueError(
                f"{root} has splits, but also the folder {folder.name!r}: {other}. Beside train "
                "only one folder val and one folder test are expected: move or delete it."
            )
        found[part] = folder
    return found


def _labelled_files(folder: Path, classes: list[str], part: str) -> list[tuple[Path, int]]:
    """The images of one split, each with the number of its class."""
    folders = _folders(folder)
    unknown = [f for f in folders if f.name not in classes]
    if unknown:
        raise ValueError(
            f"{folder} has the class {unknown[0].name!r}, which train has not: a model cannot "
            f"predict what it was not trained on. Add it to train, or remove it from {part}."
        )
    if len(folders) < 2 and part == "train":
        loose = len(_images(folder))
        raise ValueError(
            f"{folder} has {_list(folders) if folders else 'no sub-folder'}"
            f"{f' and {loose} image(s) beside' if loose else ''}: expected two or more sub-folders,"
            " one a class, each with the images of that class."
        )
    found = []
    for class_folder in folders:
        images = _images(class_folder)
        if nested := _folders(class_folder):
            raise ValueError(
                f"{class_folder} is the folder of a class, but has the sub-folder "
                f"{nested[0].name!r}. Move its images up into the folder of the class."
            )
        if not images and part == "train":
            raise ValueError(
                f"{class_folder} has no images ({', '.join(EXTENSIONS)}): every class "
                "needs some. Add images, or delete the folder."
            )
        found += [(path, classes.index(class_folder.name)) for path in images]
    if not found:
        raise ValueError(f"{folder} has no images. Add some, or delete it to have {part} cut.")
    return found


def _read(files: list[tuple[Path, int]], target: Target) -> tuple[np.ndarray, np.ndarray]:
    """The images and labels of one split."""
    images = np.empty((len(files), *target.shape), target.dtype)
    for i, (path, _) in enumerate(files):
        images[i] = read_picture(path, target)
    return images, np.array([label for _, label in files])


def _folders(folder: Path) -> list[Path]:
    """The sub-folders that are not hidden, in alphabetical order."""
    return [path for path in _entries(folder) if path.is_dir()]


def _images(folder: Path) -> list[Path]:
    """The image files that are not hidden, in alphabetical order."""
    return [p for p in _entries(folder) if p.is_file() and p.suffix.lower() in EXTENSIONS]


def _entries(folder: Path) -> list[Path]:
    entries = [path for path in folder.iterdir() if not path.name.startswith(".")]
    return sorted(entries, key=lambda path: path.name)


def _list(folders: list[Path]) -> str:
    return "the folder(s) " + ", ".join(repr(folder.name) for folder in folders)
