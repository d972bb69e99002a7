"""How much memory a step needs at once."""

from __future__ import annotations

import gc
import os
import statistics
import subprocess
import sys
from pathlib import Path

import keras

from keras_attn.bench.clock import WARM_UP
from keras_attn.bench.steps import Step

#: Makes the allocators take large blocks from the system and give them back when they are freed,
#: glibc's and TensorFlow's own.
MEMORY_ENVIRONMENT = {"MALLOC_MMAP_THRESHOLD_": "65536", "TF_ENABLE_ONEDNN_OPTS": "0"}


def training_memory(key: str, shape: tuple[int, ...], mode: str) -> int | None:
    """The peak memory of a layer's training step, from a process of its own.

    There the allocators give back what is freed. Times are those of allocators as they are.
    """
    script = (
        "from keras_attn import bench\n"
        f"steps = bench.layer_steps(bench.new_layer({key!r}), {shape!r}, {mode!r})\n"
        "print(bench.peak_memory(steps['training']))"
    )
    process = subprocess.run(
        [sys.executable, "-c", script],
        env={**os.environ, **MEMORY_ENVIRONMENT},
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        check=False,
    )
    # A backend may have printed lines of its own before.
    last = process.stdout.rpartition("\n")[0].rpartition("\n")[2]
    return int(last) if process.returncode == 0 and last.isdigit() else None


def peak_memory(step: Step) -> int | None:
    """By how many bytes resident memory rises, at its highest, while a step runs.

    Outputs, gradients and temporary arrays count; arguments and weights, which are there before,
    do not. The system keeps the highest value since the mark was reset, so nothing between two
    looks is missed. What the allocator has kept of earlier steps would be missed: measure in a
    process with `MEMORY_ENVIRONMENT`. The median of three; on Linux only, and for the CPU, None
    elsewhere.
    """
    if runs_on_accelerator():
        return None
    for _ in range(WARM_UP):
        step()
    try:
        return max(0, round(statistics.median(_memory_growth(step) for _ in range(3))))
    except OSError:
        return None


def _memory_growth(step: Step) -> int:
    gc.collect()
    Path("/proc/self/clear_refs").write_text("5")
    before = _resident_memory("VmRSS")
    results = step()
    growth = _resident_memory("VmHWM") - before
    del results
    return growth


def _resident_memory(name: str) -> int:
    """A line of the process's status, in bytes."""
    lines = Path("/proc/self/status").read_text().splitlines()
    (line,) = (line for line in lines if line.startswith(f"{name}:"))
    return int(line.split()[1]) * 1024


def runs_on_accelerator() -> bool:
    """Whether the backend keeps its tensors elsewhere than in the computer's memory."""
    return "cpu" not in str(keras.ops.zeros(1).device).lower()
