"""Where the files of known sets are looked for."""

from __future__ import annotations

import os
from pathlib import Path

VARIABLE = "KERAS_ATTN_DATA"


def data_folders(data_dir: str | os.PathLike[str] | None) -> list[Path]:
    """The folders that the user keeps image sets in, the first choice first.

    Args:
        data_dir: The folder given in the call, if any.

    Returns:
        `data_dir` and the folder named by the environment variable `KERAS_ATTN_DATA`, as far as
        they are given.

    Raises:
        FileNotFoundError: One of them does not exist.
        NotADirectoryError: One of them is a file.
    """
    given = {"data_dir": data_dir, VARIABLE: os.environ.get(VARIABLE) or None}
    return [check_folder(folder, what) for what, folder in given.items() if folder is not None]


def check_folder(folder: str | os.PathLike[str], what: str) -> Path:
    """Check that a folder exists.

    Args:
        folder: Its path; `~` is the user's home.
        what: The argument or variable that named it.

    Returns:
        The path.

    Raises:
        FileNotFoundError: It does not exist.
        NotADirectoryError: It is a file.
    """
    path = Path(folder).expanduser()
    if path.is_dir():
        return path
    if path.exists():
        raise NotADirectoryError(
            f"`{what}` is a file, {path}: expected the folder that contains it."
        )
    raise FileNotFoundError(
        f"`{what}` names a folder that does not exist, {path}: create it first."
    )


def find_file(name: str, folders: list[Path]) -> Path | None:
    """The first of some folders that has a file.

    Args:
        name: The file's name.
        folders: Where to look, in this order.

    Returns:
        Its path, or None.
    """
    return next((path for folder in folders if (path := folder / name).is_file()), None)
