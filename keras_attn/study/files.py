"""Files that are written as a whole or not at all, and the folders that hold them."""

from __future__ import annotations

import json
import math
import os
import re
import tempfile
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any


def write_json(path: Path, value: Any, indent: int | None = None) -> None:
    """Writes a value as standard JSON, as a whole or not at all; NaN becomes null."""
    text = json.dumps(standard(value), indent=indent, allow_nan=False)
    with replacing(path) as temporary:
        temporary.write_text(text + "\n", encoding="utf-8")


def standard(value: Any) -> Any:
    """A value as the JSON standard can represent it: numbers that are not finite become null."""
    if isinstance(value, dict):
        return {str(name): standard(each) for name, each in value.items()}
    if isinstance(value, (list, tuple)):
        return [standard(each) for each in value]
    value = value.item() if hasattr(value, "item") else value
    return None if isinstance(value, float) and not math.isfinite(value) else value


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """A temporary name to write to, which replaces `path` once everything is written.

    If writing fails, the file at `path` stays as it was, and the temporary file is removed. The
    temporary name has the suffix of `path`, because writers choose a format by it, and is in the
    same folder, because only there one file can replace another in a single step.

    Raises:
        FileNotFoundError: If there is no such folder.
        OSError: If the file cannot be written; the error names `path`.
    """
    if not path.parent.is_dir():
        raise FileNotFoundError(
            f"There is no folder {str(path.parent)!r} for the file {path.name!r}. Make it first, "
            "or name another folder."
        )
    temporary = path.with_name(f".{path.stem}.{uuid.uuid4().hex}{path.suffix}")
    try:
        yield temporary
        temporary.replace(path)
    except OSError as error:
        if error.filename is not None and os.fspath(error.filename) == os.fspath(temporary):
            error.filename, error.filename2 = os.fspath(path), None
        raise
    finally:
        temporary.unlink(missing_ok=True)


def remove_leftovers(path: Path) -> None:
    """Removes temporary files of processes that were killed while they replaced `path`.

    Call it only while no other process can be writing to `path`.
    """
    pattern = re.compile(rf"\.{re.escape(path.stem)}\.[0-9a-f]{{32}}{re.escape(path.suffix)}")
    for leftover in path.parent.iterdir():
        if pattern.fullmatch(leftover.name):
            leftover.unlink(missing_ok=True)


def prepare_folder(folder: str | os.PathLike[str]) -> Path:
    """Makes a folder if necessary, and checks that files can be written to it.

    Raises:
        NotADirectoryError: If the folder, or one above it, is a file.
        PermissionError: If no file can be written to it.
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
            f"No file can be written to the output folder {str(path)!r} ({error.strerror}). "
            "Name another folder, or change the permissions of this one."
        ) from None
    return path
