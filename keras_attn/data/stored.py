"""Images that are kept in a file, because they are too large for the memory.

A stored array is read row by row from its file and never mapped as a whole, so that a training
needs no more memory than its batches.
"""

from __future__ import annotations

import atexit
import hashlib
import os
import shutil
import tempfile
import uuid
from collections.abc import Callable, Iterable, Sequence
from functools import cache
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np

#: Arrays of more bytes are stored.
LARGEST_IN_MEMORY = 2 * 2**30

#: The environment variable with the folder in which decoded images are kept between runs. Without
#: it they are in the system's folder for temporary files, and removed at the end.
CACHE = "KERAS_ATTN_CACHE"

#: Rows that are copied at a time.
CHUNK = 256


class StoredArray(np.memmap):
    """An array in a file, of which rows are read as they are indexed.

    Integers, slices and arrays of integers along the first axis return arrays in memory. Everything
    else works as for `numpy.memmap`.
    """

    path: Path | None

    def __array_finalize__(self, parent: Any) -> None:
        super().__array_finalize__(parent)
        self.path = None  # a view is not the array in the file

    @classmethod
    def open(cls, path: Path, dtype: str, shape: Sequence[int]) -> StoredArray:
        """The array in a file."""
        array = cls(path, dtype, "r", shape=tuple(shape))
        array.path = Path(path)
        return array

    def __getitem__(self, index: Any) -> Any:
        if self.path is None or not isinstance(index, (int, np.integer, slice, np.ndarray, list)):
            return super().__getitem__(index)
        numbers = np.arange(len(self))[index]
        rows = self._rows(np.atleast_1d(numbers))
        return rows if numbers.ndim else rows[0]

    def _rows(self, numbers: np.ndarray) -> np.ndarray:
        """Rows, read from the file."""
        assert self.path is not None
        found = np.empty((len(numbers), *self.shape[1:]), self.dtype)
        each = self.dtype.itemsize * int(np.prod(self.shape[1:]))
        content = found.reshape(-1).view("uint8").data
        with self.path.open("rb", buffering=0) as file:
            for place, number in enumerate(numbers.tolist()):
                file.seek(number * each)
                file.readinto(content[place * each : (place + 1) * each])
        return found

    def __reduce__(self) -> Any:
        """Another process opens the same file."""
        if self.path is None:
            return np.asarray(self).__reduce__()
        return StoredArray.open, (self.path, self.dtype.str, self.shape)


def collected(
    count: int,
    shape: Sequence[int],
    dtype: Any,
    chunks: Callable[[], Iterable[np.ndarray]],
    key: Callable[[], str] | None = None,
    total: int | None = None,
) -> np.ndarray:
    """An array of rows that come in chunks: in memory or, if it is too large, in a file.

    Args:
        count: Number of rows.
        shape: Shape of a row.
        dtype: Type of the numbers.
        chunks: Makes the rows, in their order.
        key: What the rows depend on, as a text. If there is a cache, a stored array with a key is
            kept and used again.
        total: Rows of all arrays that are needed at the same time; `count` if None.
    """
    dtype = np.dtype(dtype)
    each = dtype.itemsize * int(np.prod(shape))
    if each * (count if total is None else total) <= LARGEST_IN_MEMORY:
        found = np.empty((count, *shape), dtype)
        place = 0
        for chunk in chunks():
            found[place : place + len(chunk)] = chunk
            place += len(chunk)
        return found
    path = _file(key)
    if not path.exists():
        _write(path, chunks(), dtype)
    return StoredArray.open(path, dtype.str, (count, *shape))


def gathered(chunks: Iterable[np.ndarray]) -> np.ndarray:
    """An array of rows whose number is not known before: in memory or, if too large, in a file."""
    source = iter(chunks)
    held: list[np.ndarray] = []
    size = 0
    for chunk in source:
        held.append(chunk)
        size += chunk.nbytes
        if size > LARGEST_IN_MEMORY:
            break
    else:
        return np.concatenate(held) if held else np.empty(0)
    dtype, shape = held[0].dtype, held[0].shape[1:]
    path = _file(None)
    count = _write(path, chain(held, source), dtype)
    return StoredArray.open(path, dtype.str, (count, *shape))


def rows_of(array: np.ndarray, indices: np.ndarray) -> np.ndarray:
    """Chosen rows; of a stored array in a new file, if they are too many for the memory."""
    if not isinstance(array, StoredArray):
        return array[indices]

    def chunks() -> Iterable[np.ndarray]:
        for start in range(0, len(indices), CHUNK):
            yield array[indices[start : start + CHUNK]]

    return collected(len(indices), array.shape[1:], array.dtype, chunks, total=len(array))


def joined(arrays: Sequence[np.ndarray]) -> np.ndarray:
    """The rows of several arrays, in one array."""
    if not any(isinstance(array, StoredArray) for array in arrays):
        return np.concatenate(arrays)

    def chunks() -> Iterable[np.ndarray]:
        for array in arrays:
            for start in range(0, len(array), CHUNK):
                yield array[start : start + CHUNK]

    count = sum(map(len, arrays))
    return collected(count, arrays[0].shape[1:], arrays[0].dtype, chunks)


def key_of(paths: Sequence[Path], settings: object) -> str:
    """What decoded images depend on: their files, and how they are decoded."""
    digest = hashlib.sha256(repr(settings).encode())
    for path in paths:
        status = path.stat()
        digest.update(repr((str(path), status.st_size, status.st_mtime_ns)).encode())
    return digest.hexdigest()


def _write(path: Path, chunks: Iterable[np.ndarray], dtype: np.dtype) -> int:
    """Writes rows to a file, as a whole or not at all; returns how many there are."""
    count = 0
    unfinished = path.with_suffix(f".{os.getpid()}")
    try:
        with unfinished.open("wb") as file:
            for chunk in chunks:
                file.write(np.ascontiguousarray(chunk, dtype).tobytes())
                count += len(chunk)
        unfinished.replace(path)
    finally:
        unfinished.unlink(missing_ok=True)
    return count


def _file(key: Callable[[], str] | None) -> Path:
    """Where an array is stored."""
    kept = os.environ.get(CACHE)
    if kept and key is not None:
        folder = Path(kept)
        folder.mkdir(parents=True, exist_ok=True)
        return folder / f"{key()}.images"
    return _temporary() / f"{uuid.uuid4().hex}.images"


@cache
def _temporary() -> Path:
    """A folder that is removed when the process ends."""
    folder = Path(tempfile.mkdtemp(prefix="keras-attn-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder
