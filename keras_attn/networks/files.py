"""Reading a checkpoint: names and arrays, and nothing that is executed."""

from __future__ import annotations

import pickle
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from keras_attn.layers.torch_weights import STEP_COUNT, to_numpy

#: Keys under which training programs store the state dict beside their own state.
WRAPPERS = ("state_dict", "model_state_dict", "model_state", "model", "net")
#: What a wrapper module puts before every name.
PREFIXES = ("module.", "backbone.")


def read_checkpoint(weights: Mapping[str, Any] | str | Path) -> dict[str, np.ndarray]:
    """The arrays of a checkpoint by name, without prefixes and step counts.

    Args:
        weights: A state dict, or a file: `.pth`, `.pt`, `.safetensors` or `.npz`.

    Raises:
        ValueError: If the file is not a checkpoint, or holds objects other than tensors, which are
            not executed.
        FileNotFoundError: If there is no such file.
        ImportError: If the library that reads the file is not installed.
    """
    content = weights if isinstance(weights, Mapping) else _read(Path(weights))
    while isinstance(content, Mapping):
        inner = [content[key] for key in WRAPPERS if isinstance(content.get(key), Mapping)]
        if not inner:
            break
        content = inner[0]
    if not isinstance(content, Mapping) or not content:
        raise ValueError(
            "Expected a state dict, which maps names to arrays. Received: "
            f"{'an empty mapping' if isinstance(content, Mapping) else type(content).__name__}."
        )
    odd = [name for name, value in content.items() if not hasattr(value, "shape")]
    if odd:
        raise ValueError(
            f"Expected a state dict, which maps names to arrays. The entry {odd[0]!r} is of type "
            f"{type(content[odd[0]]).__name__}; pass the state dict itself."
        )
    return {
        _stripped(name): to_numpy(value)
        for name, value in content.items()
        if name.rpartition(".")[2] != STEP_COUNT
    }


def _stripped(name: str) -> str:
    while prefix := next((each for each in PREFIXES if name.startswith(each)), ""):
        name = name.removeprefix(prefix)
    return name.removeprefix("head.") if name.startswith("head.fc.") else name


def _read(path: Path) -> Any:
    readers = {".npz": _read_npz, ".safetensors": _read_safetensors}
    readers |= {".pth": _read_pickle, ".pt": _read_pickle}
    if path.suffix not in readers:
        raise ValueError(
            f"Expected a checkpoint that ends in {', '.join(readers)}. Received: {path}."
        )
    if not path.is_file():
        raise FileNotFoundError(f"There is no file {path}.")
    return readers[path.suffix](path)


def _read_npz(path: Path) -> dict[str, np.ndarray]:
    try:
        with np.load(path, allow_pickle=False) as arrays:
            return dict(arrays)
    except (ValueError, OSError, zipfile.BadZipFile) as error:
        raise ValueError(f"{path} is not an archive of NumPy arrays: {error}.") from error


def _read_safetensors(path: Path) -> dict[str, np.ndarray]:
    try:
        from safetensors import SafetensorError
        from safetensors.numpy import load_file
    except ImportError as error:
        raise ImportError(f"Reading {path} needs safetensors: pip install safetensors.") from error
    try:
        return load_file(path)
    except (SafetensorError, KeyError) as error:
        raise ValueError(f"{path} is not a file of safetensors: {error}.") from error


def _read_pickle(path: Path) -> Any:
    try:
        import torch
    except ImportError as error:
        raise ImportError(
            f"Reading {path} needs PyTorch: pip install torch. Without it, pass a .safetensors or "
            ".npz file."
        ) from error
    try:
        return torch.load(path, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError as error:
        raise ValueError(
            f"{path} holds objects other than tensors, or is not a checkpoint. Nothing in it was "
            "executed. Save the state dict alone: torch.save(model.state_dict(), path)."
        ) from error
    except (RuntimeError, EOFError) as error:
        raise ValueError(f"{path} is not a checkpoint of PyTorch: {error}.") from error
