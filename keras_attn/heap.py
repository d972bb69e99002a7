"""The C library's heap, in which backends keep their maps on the CPU.

By default, glibc returns large blocks to the system when they are freed. The next training step
receives them again as pages of zeros, with one fault per page of 4 KiB: for resnet20 on JAX, 64
images of 32x32 pixels, 25,000 to 40,000 faults per step, about a tenth of its processor time.
Where a virtual machine gets its memory from the host page by page, the process waits longer than it
computes. Processes of a study therefore keep the memory of their largest step.

Nothing here imports Keras, so that a command can set up the heap before a backend starts its
threads, which then share it.
"""

from __future__ import annotations

import ctypes
import sys

#: Variable that glibc reads at its start -> (option of `mallopt`, value).
OPTIONS = {
    "MALLOC_TRIM_THRESHOLD_": (-1, 2**31 - 1),
    "MALLOC_MMAP_MAX_": (-4, 0),
    "MALLOC_ARENA_MAX": (-8, 1),
}


def keep_memory() -> bool:
    """Makes this process keep the memory that it frees, if it has the heap of glibc."""
    if not sys.platform.startswith("linux"):
        return False
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is None:
        return False
    return all(mallopt(option, value) == 1 for option, value in OPTIONS.values())


def environment() -> dict[str, str]:
    """Variables with which a new process keeps its memory; other C libraries ignore them."""
    return {name: str(value) for name, (_, value) in OPTIONS.items()}
