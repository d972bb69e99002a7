"""Folders of images: one sub-folder per class, with or without train, val and test above."""

from __future__ import annotations

import warnings
from pathlib import Path

import numpy as np

from keras_attn.data.classes import normal_form
from keras_attn.data.groups import warn_of_groups
from keras_attn.data.image_file import is_image_file
from keras_attn.data.pictures import choose_target, read_pictures
from keras_attn.data.raw import RawDataset

SPLIT_NAMES = {
    "train": "train",
    "training": "train",
    "val": "val",
    "valid": "val",
    "validation": "val",
    "test": "test",
    "testing": "test",
}
#: What operating systems, archivers and file servers put beside the user's files, in lower case.
SYSTEM_FOLDERS = frozenset(
    {"__macosx", "@eadir", "#recycle", "$recycle.bin", "lost+found", "system volume information"}
)
SYSTEM_FILES = frozenset({"thumbs.db", "desktop.ini"})


def load_folder(root: Path, size: int | None = None) -> RawDataset:
    """Load a folder of images.

    The classes are the sub-folders in alphabetical order ("10" before "2"). If one is called
    train (or training) and has sub-folders itself, it and those called val (valid, validation) and
    test (testing) are splits, and the classes are those of train. Hidden files and folders and
    those of the operating system are ignored. Other files that are not read, such as files that
    are not images, links to missing files, and images outside the folders of classes, are counted
    and named in a warning.

    Args:
        root: The folder.
        size: Height and width to resize to. None keeps the images if all have one size, and
            resizes them to 64x64 if not.

    Returns:
        The images, grayscale if all of them are, else RGB. The task is left to be inferred.

    Raises:
        OSError: An image cannot be read.
        ValueError: There are no images, or fewer than two classes, or an image is damaged.
    """
    listing = _Listing()
    splits = _splits(root)
    classes = list(_folders(splits["train"]))
    files = {part: _labelled_files(path, classes, part, listing) for part, path in splits.items()}
    for folder in dict.fromkeys((root, *splits.values())):
        listing.note_strays(folder)
    listing.warn(root)
    if len(files) == 1:
        warn_of_groups([path for path, _ in files["train"]], str(root))
    target = choose_target([path for found in files.values() for path, _ in found], size)
    return RawDataset(
        name=root.resolve().name,
        arrays={
            part: (
                read_pictures([path for path, _ in found], target, sum(map(len, files.values()))),
                np.array([label for _, label in found]),
            )
            for part, found in files.items()
        },
        origin=str(root),
        class_names=tuple(classes),
        source=str(root),
        bits=target.bits,
    )


class _Listing:
    """Lists the images of folders, and remembers the files that are left out."""

    def __init__(self) -> None:
        self.left_out: dict[Path, str] = {}

    def images(self, folder: Path) -> list[Path]:
        """The image files, in alphabetical order; other files are noted."""
        images = []
        for path in _entries(folder):
            if path.is_file() and is_image_file(path):
                images.append(path)
            elif _is_broken_link(path):
                self.left_out[path] = "a link to a missing file"
            elif not path.is_dir():
                self.left_out[path] = "not an image that Pillow reads"
        return images

    def note_strays(self, folder: Path) -> None:
        """Note what may be meant as an image or a class beside the folders of the classes."""
        for path in _entries(folder):
            if _is_broken_link(path):
                self.left_out[path] = "a link to a missing file"
            elif path.is_file() and is_image_file(path):
                self.left_out[path] = "outside the folders of classes"

    def warn(self, root: Path) -> None:
        """Count and name what was left out."""
        if self.left_out:
            some = list(self.left_out.items())[:5]
            names = ", ".join(f"{path.relative_to(root)} ({why})" for path, why in some)
            rest = len(self.left_out) - len(some)
            warnings.warn(
                f"{len(self.left_out)} file(s) of {root} are left out: {names}"
                f"{f' and {rest} more' if rest else ''}.",
                stacklevel=5,
            )


def _splits(root: Path) -> dict[str, Path]:
    """The folders whose sub-folders are the classes."""
    found: dict[str, Path] = {}
    folders = _folders(root)
    parts = {name: SPLIT_NAMES.get(name.lower()) for name in folders}
    train = next((folders[name] for name, part in parts.items() if part == "train"), None)
    if train is None or not _folders(train):
        # No splits, unless there are others: a lone val or test is not a set of classes.
        if not folders or any(part is None for part in parts.values()):
            return {"train": root}
        raise ValueError(
            f"{root} has {_list(folders)}, but no folder train with one sub-folder per class in it."
        )
    for name, part in parts.items():
        if part is None or part in found:
            other = f"{found[part].name!r} is the same split" if part else "that is not a split"
            raise ValueError(
                f"{root} has splits, but also the folder {name!r}: {other}. Beside train "
                "only one folder val and one folder test are expected: move or delete it."
            )
        found[part] = folders[name]
    return found


def _labelled_files(
    folder: Path, classes: list[str], part: str, listing: _Listing
) -> list[tuple[Path, int]]:
    """The images of one split, each with the number of its class."""
    folders = _folders(folder)
    unknown = [name for name in folders if name not in classes]
    if unknown:
        raise ValueError(
            f"{folder} has the class {unknown[0]!r}, which train does not have: a model cannot "
            f"predict what it was not trained on. Add it to train, or remove it from {part}."
        )
    if len(folders) < 2 and part == "train":
        loose = len(listing.images(folder))
        raise ValueError(
            f"{folder} has {_list(folders) if folders else 'no sub-folder'}"
            f"{f' and {loose} image(s) beside' if loose else ''}: expected two or more sub-folders,"
            " one per class, each with the images of that class."
        )
    found = []
    for name, class_folder in folders.items():
        if nested := _folders(class_folder):
            raise ValueError(
                f"{class_folder} is the folder of a class, but has the sub-folder "
                f"{next(iter(nested))!r}. Move its images up into the folder of the class."
            )
        images = listing.images(class_folder)
        if not images and part == "train":
            others = len([path for path in listing.left_out if path.parent == class_folder])
            raise ValueError(
                f"{class_folder} has no images that Pillow reads"
                f"{f', but {others} other file(s)' if others else ''}: every class needs some. "
                "Add images, or delete the folder."
            )
        found += [(path, classes.index(name)) for path in images]
    if not found:
        raise ValueError(f"{folder} has no images. Add some, or delete it to have {part} cut.")
    return found


def _folders(folder: Path) -> dict[str, Path]:
    """The sub-folders by name, in alphabetical order.

    The names are in one Unicode normal form, so that train and test match whatever system
    made them.
    """
    found: dict[str, Path] = {}
    for path in _entries(folder):
        name = normal_form(path.name)
        if path.is_dir() and name.lower() not in SYSTEM_FOLDERS:
            if name in found:
                raise ValueError(
                    f"{folder} has two folders with the name {name!r}, in different Unicode "
                    "normal forms. Move the images of one into the other."
                )
            found[name] = path
    return found


def _entries(folder: Path) -> list[Path]:
    """What is in a folder and neither hidden nor the system's, in alphabetical order."""
    return sorted(
        (
            path
            for path in folder.iterdir()
            if not path.name.startswith(".") and path.name.lower() not in SYSTEM_FILES
        ),
        key=lambda path: normal_form(path.name),
    )


def _is_broken_link(path: Path) -> bool:
    return path.is_symlink() and not path.exists()


def _list(folders: dict[str, Path]) -> str:
    return "the folder(s) " + ", ".join(map(repr, folders))
