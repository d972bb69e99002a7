"""How a command finds the images of a data set at the size that a network takes."""

from __future__ import annotations

from pathlib import Path

#: Sides of the images that MedMNIST publishes.
MEDMNIST_SIZES = (28, 64, 128, 224)


def loaded_size(name: str, size: int | None, data_dir: Path | None) -> int | None:
    """The size in which to load a data set whose images reach the network at another.

    Folders are read at any size. A set of MedMNIST has a file for some sizes; for others, the next
    larger file in the folder is loaded. Everything else has one size.
    """
    from keras_attn.data import medmnist

    if size is None or Path(name).is_dir() or name.lower().endswith((".csv", ".json")):
        return size
    if not (medmnist.is_installed() and name in medmnist.names()):
        return None
    if size in MEDMNIST_SIZES:
        return size
    files = [(each, Path(data_dir or ".") / f"{name}_{each}.npz") for each in MEDMNIST_SIZES]
    return next((each for each, file in files if each > size and file.exists()), None)
