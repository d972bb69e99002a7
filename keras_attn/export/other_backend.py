"""A model written on another backend of Keras, in a process of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

import keras

#: What the other process runs: the arguments are a .keras file, the path, the format, the shapes.
PROGRAM = """
import json, sys
import keras
from keras_attn.export import export_model

model, path, format, shapes = sys.argv[1:]
shapes = json.loads(shapes)
model = keras.models.load_model(model)
export_model(model, path, format, shapes if len(shapes) > 1 else shapes[0])
"""


def write_on(
    backend: str,
    model: keras.Model,
    path: Path,
    format: str,
    shapes: Sequence[tuple[int | None, ...]],
) -> None:
    """Writes a model with `export_model` on another backend; a .keras file loads on every one.

    Args:
        backend: The backend.
        model: A Functional model. A layer of the user's own cannot be loaded in another process.
        path: The file to write.
        format: Its format.
        shapes: The shapes of the inputs without the batch.

    Raises:
        ValueError: If the other process could not write it, with the last line of its error.
    """
    with tempfile.TemporaryDirectory() as folder:
        saved = Path(folder) / "model.keras"
        model.save(saved)
        done = subprocess.run(
            [sys.executable, "-c", PROGRAM, str(saved), str(path), format, json.dumps(shapes)],
            env={**os.environ, "KERAS_BACKEND": backend},
            capture_output=True,
            text=True,
            check=False,
        )
    if done.returncode:
        lines = [line for line in done.stderr.splitlines() if line.strip()]
        last = lines[-1].strip() if lines else f"it ended with status {done.returncode}"
        raise ValueError(f"in a process with KERAS_BACKEND={backend}: {last}")
