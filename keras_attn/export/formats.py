"""The kinds of files that models can be written as."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import keras

from keras_attn.export import runtimes
from keras_attn.extras import require


@dataclass(frozen=True)
class Format:
    """A kind of file.

    Attributes:
        name: As Keras names it.
        suffix: Of the file; empty for a folder.
        backends: The backends of Keras that can write it.
        runtime: The module that runs it.
        load: Makes a function of a file.
        open_sizes: The backend that writes a model that leaves sizes open, because the exporters
            of the others refuse most layers then; empty if there is none.
        one_sample: The backends on which the file takes one sample at a time: PyTorch's exporters
            support fewer operations where the batch size is open, and JAX's for ONNX no banded
            products.
    """

    name: str
    suffix: str
    backends: tuple[str, ...]
    runtime: str
    load: Callable[[Path, runtimes.Interface], runtimes.Runner]
    open_sizes: str = ""
    one_sample: tuple[str, ...] = ("torch",)


FORMATS = {
    each.name: each
    for each in (
        Format(
            "onnx",
            ".onnx",
            ("tensorflow", "jax", "torch"),
            "onnxruntime",
            runtimes.load_onnx,
            "tensorflow",
            ("jax", "torch"),
        ),
        Format(
            "tf_saved_model", "", ("tensorflow", "jax"), "tensorflow", runtimes.load_saved_model
        ),
        Format("openvino", ".xml", ("tensorflow", "torch"), "openvino", runtimes.load_openvino),
        Format(
            "litert", ".tflite", ("tensorflow",), "ai_edge_litert.interpreter", runtimes.load_litert
        ),
        Format("torch", ".pt2", ("torch",), "torch", runtimes.load_torch),
    )
}


def check_format(format: str) -> Format:
    """The format of that name.

    Raises:
        ValueError: If there is none, or Keras does not write it on the backend in use.
        ImportError: If its runtime is missing.
    """
    if format not in FORMATS:
        raise ValueError(f"`format` must be one of {', '.join(FORMATS)}. Received: {format!r}.")
    chosen = FORMATS[format]
    backend = keras.backend.backend()
    if backend not in chosen.backends:
        possible = [name for name, each in FORMATS.items() if backend in each.backends]
        raise ValueError(
            f"Keras writes {format!r} on {' and '.join(chosen.backends)}, not on {backend}. Set "
            f"KERAS_BACKEND={chosen.backends[0]}: a .keras file loads on every backend. Formats "
            f"for {backend}: {', '.join(possible)}."
        )
    require(chosen.runtime, extra="export")
    return chosen
