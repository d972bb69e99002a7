"""The backend of a command where the user has not chosen one."""

import json
import os
from importlib.util import find_spec
from pathlib import Path

BACKENDS = ("tensorflow", "jax", "torch")


def choose_backend() -> None:
    """Sets `KERAS_BACKEND` to an installed backend where Keras would import a missing one.

    Raises:
        ImportError: No backend is installed.
    """
    if "KERAS_BACKEND" in os.environ or find_spec(configured_backend()):
        return
    installed = [name for name in BACKENDS if find_spec(name)]
    if not installed:
        raise ImportError(
            "Keras needs TensorFlow, JAX or PyTorch, and none of them is installed. "
            "Install one of them with: pip install tensorflow (or jax, or torch)"
        )
    os.environ["KERAS_BACKEND"] = installed[0]


def configured_backend() -> str:
    """The backend that Keras reads from its configuration file, or its default."""
    folder = Path(os.environ.get("KERAS_HOME", Path.home() / ".keras"))
    try:
        return json.loads((folder / "keras.json").read_text(encoding="utf-8"))["backend"]
    except (OSError, ValueError, KeyError):
        return "tensorflow"
