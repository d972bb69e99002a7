"""`.npz` files in the MedMNIST layout: train_images, train_labels and so on."""

from __future__ import annotations

import zipfile
import zlib
from pathlib import Path

import numpy as np
from numpy.lib.npyio import NpzFile

from keras_attn.data.raw import Arrays, RawDataset

# What damaged, foreign, encrypted or unreadable members raise.
READ_ERRORS = (ValueError, OSError, EOFError, RuntimeError, zipfile.BadZipFile, zlib.error)


def load_archive(path: Path) -> RawDataset:
    """Load any `.npz` in the MedMNIST layout.

    Args:
        path: The file.

    Returns:
        Its arrays; the task and the class names are left to be inferred.
    """
    return RawDataset(path.stem, read_archive(path), origin=str(path), source=str(path))


def read_archive(path: Path) -> Arrays:
    """Read the splits of an `.npz` file. Pickled objects are never loaded.

    Args:
        path: The file.

    Returns:
        Images and labels of each split that the file has.

    Raises:
        ValueError: It is not a `.npz` file, is damaged, holds pickled objects, or lacks an array.
        OSError: It cannot be read.
    """
    try:
        # Opened here: is_zipfile says of a path without read permission that it is not an archive.
        with path.open("rb") as file:
            archive = np.load(path, allow_pickle=False) if zipfile.is_zipfile(file) else None
    except (ValueError, zipfile.BadZipFile):
        archive = None
    except OSError as error:
        raise OSError(
            f"{path} cannot be read ({error.strerror or error}). Check its permissions."
        ) from error
    if not isinstance(archive, NpzFile):
        raise ValueError(
            f"{path} is not a complete .npz file: empty, cut short or of another kind "
            f"({path.stat().st_size} bytes). Download it again, or save it with np.savez."
        )
    with archive:
        keys = list(archive.files)
        parts = [p for p in ("train", "val", "test") if p == "train" or _has_any(keys, p)]
        labels = "masks" if "train_masks" in keys and "train_labels" not in keys else "labels"
        for key in (f"{p}_{what}" for p in parts for what in ("images", labels)):
            if key not in keys:
                raise ValueError(
                    f"{path} has no {key!r}. It holds {', '.join(keys) or 'nothing'}; expected "
                    "train_images and train_labels, and maybe val_images, val_labels, "
                    "test_images and test_labels, or masks in place of labels. Save it again with "
                    "np.savez under these names."
                )
        return {
            part: (
                _array(archive, f"{part}_images", path),
                _array(archive, f"{part}_{labels}", path),
            )
            for part in parts
        }


def _has_any(keys: list[str], part: str) -> bool:
    return any(f"{part}_{what}" in keys for what in ("images", "labels", "masks"))


def _array(archive: NpzFile, key: str, path: Path) -> np.ndarray:
    """One array of the file."""
    try:
        found = archive[key]
    except READ_ERRORS as error:
        if "allow_pickle" in str(error):
            raise ValueError(
                f"{key} of {path} holds pickled Python objects, which may run code when they are "
                "loaded and are refused. Save it as an array of numbers, all images of one size."
            ) from error
        raise ValueError(
            f"{key} of {path} is damaged ({error}). Download or save the file again."
        ) from error
    if not isinstance(found, np.ndarray):  # a member of a zip file that is not a .npy file
        raise ValueError(f"{key} of {path} is not an array. Save the file with np.savez.")
    return found
