"""A download that is either complete and right, or not there."""

from __future__ import annotations

import hashlib
import os
import tempfile
from pathlib import Path


def download(url: str, path: Path, md5: str) -> Path:
    """Download a file with a progress bar, and check it before it gets its name.

    Args:
        url: Where it is.
        path: Where it is to be; the folder exists.
        md5: Its MD5 in hexadecimal digits.

    Returns:
        The path.

    Raises:
        OSError: The folder is not writable, or the download fails.
        ValueError: What was downloaded is not the file.
    """
    import keras

    mend = f"Try again, or download it yourself and save it as {path}."
    if not os.access(path.parent, os.W_OK):
        raise PermissionError(
            f"{path.parent} is not writable, so {path.name} cannot be saved there. Name another "
            "folder in `data_dir`."
        )
    # In a folder beside the final name, so that the last step is a rename, which is atomic.
    with tempfile.TemporaryDirectory(dir=path.parent, prefix=f".{path.name}-") as folder:
        try:
            found = keras.utils.get_file(path.name, url, cache_dir=folder, cache_subdir="")
        # Keras raises a bare Exception when it cannot reach the server.
        except Exception as error:
            raise OSError(f"{path.name} could not be downloaded ({error}). {mend}") from error
        if (actual := md5_of(Path(found))) != md5:
            raise ValueError(
                f"{path.name} was downloaded from {url}, but is corrupted: its MD5 is {actual}, "
                f"not the official {md5}. It has been deleted. {mend}"
            )
        Path(found).replace(path)
    return path


def md5_of(path: Path) -> str:
    """The MD5 of a file.

    Args:
        path: The file.

    Returns:
        Hexadecimal digits.
    """
    with path.open("rb") as file:
        return hashlib.file_digest(file, "md5").hexdigest()
