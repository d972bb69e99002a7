"""Models as files for other runtimes: written, read back, and compared."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import keras
import numpy as np

from keras_attn.extras import require

#: Runs an exported model: arrays in, outputs in the order of the model's.
Runner = Callable[[np.ndarray], list[np.ndarray]]


@dataclass(frozen=True)
class Format:
    """A kind of file.

    Attributes:
        name: As Keras names it.
        suffix: Of the file; empty for a folder.
        backends: Of Keras, those that can write it.
        runtime: The module that runs it.
        load: Makes a `Runner` of a file.
        one_sample: The backends on which the file takes one sample at a time: PyTorch's exporters
            know fewer operations where the batch is open, and JAX's for ONNX no banded products.
    """

    name: str
    suffix: str
    backends: tuple[str, ...]
    runtime: str
    load: Callable[[Path], Runner]
    one_sample: tuple[str, ...] = ("torch",)


def export_model(model: keras.Model, path: str | Path, format: str) -> Path:
    """Writes a model for another runtime, by `keras.Model.export`.

    Args:
        model: A built model.
        path: The file or, for `tf_saved_model`, the folder; the format's suffix is added where it
            is missing.
        format: One of `FORMATS`.

    Returns:
        What was written; on some backends it takes one sample at a time (`FORMATS`).

    Raises:
        ValueError: If there is no such format, Keras does not write it on the backend in use, or
            the path is taken.
        ImportError: If a package that Keras needs for it is missing.
    """
    chosen = check_format(format)
    path = Path(path)
    if chosen.suffix and path.suffix != chosen.suffix:
        path = path.with_name(path.name + chosen.suffix)
    if path.exists():
        raise ValueError(f"{str(path)!r} is there already. Remove it, or choose another name.")
    path.parent.mkdir(parents=True, exist_ok=True)
    # Keras writes ONNX only of a model that was called, which a loaded one was not.
    model(keras.tree.map_structure(_zeros, model.input))
    signature = None
    if keras.backend.backend() in chosen.one_sample:
        signature = [keras.tree.map_structure(_one_sample, model.input)]
    model.export(str(path), format=chosen.name, verbose=False, input_signature=signature)
    return path


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
            f"KERAS_BACKEND={chosen.backends[0]}: a .keras file loads on every backend. On "
            f"{backend} there are {', '.join(possible)}."
        )
    require(chosen.runtime, extra="export")
    return chosen


def _zeros(tensor: keras.KerasTensor) -> Any:
    """A batch of one zero input; 64 in place of sizes that are open."""
    shape = [1, *(64 if size is None else size for size in tensor.shape[1:])]
    return keras.ops.zeros(shape, tensor.dtype)


def _one_sample(tensor: keras.KerasTensor) -> keras.InputSpec:
    return keras.InputSpec(shape=(1, *tensor.shape[1:]), dtype=tensor.dtype)


def load_exported(path: str | Path, format: str) -> Runner:
    """An exported model as a function of a batch of inputs, run by its own runtime.

    Args:
        path: What `export_model` wrote.
        format: Its format.
    """
    run = FORMATS[format].load(Path(path))

    def run_each(images: np.ndarray) -> list[np.ndarray]:
        """Image by image, as files that are written on PyTorch want them."""
        outputs = [run(image[None]) for image in images]
        return [np.concatenate(parts) for parts in zip(*outputs, strict=True)]

    return run_each


def largest_difference(model: keras.Model, path: Path, format: str, images: np.ndarray) -> float:
    """How far an exported model is from the original.

    Args:
        model: The original, with one input.
        path: What `export_model` wrote.
        format: Its format.
        images: A batch of inputs.

    Returns:
        The largest difference of any output, in units of the largest value of that output.
    """
    expected = [np.asarray(each) for each in keras.tree.flatten(model.predict_on_batch(images))]
    found = load_exported(path, format)(images)
    return max(
        float(np.abs(one - other).max() / max(np.abs(other).max(), 1e-12))
        for one, other in zip(matched(found, expected), expected, strict=True)
    )


def matched(found: list[np.ndarray], expected: list[np.ndarray]) -> list[np.ndarray]:
    """Outputs in the order of the original, where a runtime gives them in one of its own.

    Raises:
        ValueError: If an output is missing.
    """
    if [each.shape for each in found] == [each.shape for each in expected]:
        return found
    raise ValueError(
        f"The exported model gives outputs of shapes {[each.shape for each in found]}, the "
        f"original {[each.shape for each in expected]}."
    )


def _load_saved_model(path: Path) -> Runner:
    tensorflow = require("tensorflow", extra="tensorflow")
    loaded = tensorflow.saved_model.load(str(path))

    def run(images: np.ndarray) -> list[np.ndarray]:
        outputs = loaded.serve(tensorflow.constant(images))
        return [each.numpy() for each in tensorflow.nest.flatten(outputs)]

    run.keep = loaded  # type: ignore[attr-defined]
    return run


def _load_onnx(path: Path) -> Runner:
    session = require("onnxruntime", extra="export").InferenceSession(
        str(path), providers=["CPUExecutionProvider"]
    )
    (name,) = (each.name for each in session.get_inputs())
    return lambda images: session.run(None, {name: images})


def _load_openvino(path: Path) -> Runner:
    openvino = require("openvino", extra="export")
    # In its default precision, OpenVINO computes in bfloat16 on processors that have it.
    exact = {"INFERENCE_PRECISION_HINT": "f32"}
    model = openvino.Core().compile_model(str(path), "CPU", exact)
    # What Keras writes on TensorFlow has every result of a custom gradient among its outputs; its
    # own bear the names that TensorFlow gives to the outputs of a function.
    own = {
        name: index
        for index, output in enumerate(model.outputs)
        for name in output.get_names()
        if re.fullmatch(r"Identity(_\d+)?:0", name)
    }
    indices = [own[name] for name in sorted(own, key=lambda name: (len(name), name))]

    def run(images: np.ndarray) -> list[np.ndarray]:
        outputs = model(images)
        return [np.array(outputs[index]) for index in indices or range(len(model.outputs))]

    return run


def _load_litert(path: Path) -> Runner:
    interpreter = require("ai_edge_litert.interpreter", extra="export").Interpreter(str(path))
    interpreter.allocate_tensors()
    (entry,) = interpreter.get_input_details()

    def run(images: np.ndarray) -> list[np.ndarray]:
        interpreter.set_tensor(entry["index"], images)
        interpreter.invoke()
        details: list[Mapping[str, Any]] = interpreter.get_output_details()
        return [interpreter.get_tensor(each["index"]) for each in details]

    return run


def _load_torch(path: Path) -> Runner:
    torch = require("torch", extra="torch")
    module = torch.export.load(str(path)).module()

    def run(images: np.ndarray) -> list[np.ndarray]:
        with torch.no_grad():
            outputs = module(torch.from_numpy(images))
        return [each.numpy() for each in keras.tree.flatten(outputs)]

    return run


FORMATS = {
    each.name: each
    for each in (
        Format(
            "onnx",
            ".onnx",
            ("tensorflow", "jax", "torch"),
            "onnxruntime",
            _load_onnx,
            ("jax", "torch"),
        ),
        Format("tf_saved_model", "", ("tensorflow", "jax"), "tensorflow", _load_saved_model),
        Format("openvino", ".xml", ("tensorflow", "torch"), "openvino", _load_openvino),
        Format("litert", ".tflite", ("tensorflow",), "ai_edge_litert.interpreter", _load_litert),
        Format("torch", ".pt2", ("torch",), "torch", _load_torch),
    )
}
