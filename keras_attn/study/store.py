"""Files that are there whole or not at all."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """A name to write to, which takes the place of `path` once everything is written.

    If writing fails, what was at `path` stays, and what was written is removed. The name has
    the suffix of `path`, since writers go by it, and lies in the same folder, since only there
    a file can take another's place at once.
    """
    temporary = path.with_name(f".{path.stem}-{os.getpid()}{path.suffix}")
    try:
        yield temporary
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def prepare_folder(folder: str | os.PathLike[str]) -> Path:
    """Makes a folder if need be, and finds out whether files can be written to it.

    Raises:
        NotADirectoryError: If a file lies where the folder, or one above it, should be.
        PermissionError: If nothing can be written to it.
    """
    path = Path(folder).expanduser()
    try:
        path.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=path):
            pass
    except (FileExistsError, NotADirectoryError):
        raise NotADirectoryError(
            f"The output {str(path)!r} cannot be a folder, because it or a part of its path is a "
            "file. Name a folder, or move the file away."
        ) from None
    except OSError as error:
        raise PermissionError(
            f"Nothing can be written to the output folder {str(path)!r} ({error.strerror}). "
            "Name another folder, or change who may write to this one."
        ) from None
    return path
