"""Measurements in a process of their own, where a backend and its memory are new."""

from __future__ import annotations

import datetime
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from keras_attn.hardware import processor_name

#: Keras's backends that models are trained on, by the names of their packages.
BACKENDS = ("tensorflow", "jax", "torch")


def answer(module: str, backend: str, *arguments: str) -> Any:
    """What a module prints last, as JSON, when it runs in a new process with a backend.

    Args:
        module: Its name, such as `"benchmarks.own_model"`.
        backend: One of `BACKENDS`.
        *arguments: Of its command line.

    Raises:
        RuntimeError: If the process fails; the message is its last line.
    """
    process = subprocess.run(
        [sys.executable, "-m", module, *arguments],
        env={**os.environ, "KERAS_BACKEND": backend, "TF_CPP_MIN_LOG_LEVEL": "3"},
        cwd=Path(__file__).parents[1],
        capture_output=True,
        text=True,
        check=False,
    )
    if process.returncode:
        raise RuntimeError(process.stderr.strip().rpartition("\n")[2])
    return json.loads(process.stdout.strip().rpartition("\n")[2])


def machine() -> dict[str, Any]:
    """Date, processor and number of cores, for a file of results."""
    return {
        "date": datetime.date.today().isoformat(),
        "cpu": processor_name(),
        "cores": len(os.sched_getaffinity(0)),
    }
