"""Whether another process holds the lock on a file."""

from __future__ import annotations

from pathlib import Path

from filelock import FileLock, Timeout


def is_locked(path: Path) -> bool:
    """Whether a process holds the lock on a file, which is neither made nor changed."""
    try:
        import fcntl
    except ImportError:  # Windows, where the lock itself has to be tried
        return path.exists() and not _can_lock(path)
    try:
        with path.open("rb") as file:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:
        return False
    return False


def _can_lock(path: Path) -> bool:
    try:
        with FileLock(path, timeout=0):
            return True
    except Timeout:
        return False
