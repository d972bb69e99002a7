"""A model written for another runtime, and checked there before the file is kept."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path

import keras
import numpy as np

from keras_attn.export.formats import Format, check_format
from keras_attn.export.other_backend import write_on
from keras_attn.export.verify import difference, load_exported, random_inputs
from keras_attn.graph.inputs import input_shapes
from keras_attn.graph.read import graph_of

#: The largest difference to Keras, in units of the largest output, of a file that is kept.
TOLERANCE = 1e-3
HALF_PRECISION_TOLERANCE = 5e-2


def export_model(
    model: keras.Model,
    path: str | Path,
    format: str,
    input_shape: Sequence | None = None,
) -> Path:
    """Writes a model for another runtime, by `keras.Model.export`, and runs it there.

    The file is kept only if its runtime returns what Keras returns for random inputs, of two
    different sizes where the model leaves sizes open. Only TensorFlow's exporter to ONNX takes open
    sizes, so on JAX and PyTorch such a model is written in a second process on TensorFlow, if it
    is installed.

    Args:
        model: A Functional model, or a Sequential model with a known input.
        path: The file or, for `tf_saved_model`, the folder; the format's suffix is added where it
            is missing.
        format: One of `FORMATS`.
        input_shape: Shape of the input without the batch, to fix sizes that the model leaves open;
            a list of shapes for a model with several inputs.

    Returns:
        The path of the file or folder. On some backends it takes one sample at a time (`FORMATS`).

    Raises:
        ValueError: If there is no such format, Keras does not write it on the backend in use, the
            path is taken, or the written file does not work. Then no file is left.
        ImportError: If a package that Keras needs for it is missing.
    """
    chosen = check_format(format)
    shapes = input_shapes(graph_of(model), input_shape)
    path = Path(path)
    if chosen.suffix and path.suffix != chosen.suffix:
        path = path.with_name(path.name + chosen.suffix)
    if path.exists():
        raise ValueError(f"{str(path)!r} already exists. Remove it, or choose another name.")
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=path.parent, prefix=".export-") as folder:
        draft = Path(folder) / path.name
        batches = random_inputs(model, shapes)
        try:
            if _is_for_another_backend(chosen, shapes):
                write_on(chosen.open_sizes, model, draft, format, shapes)
            else:
                _write(model, draft, chosen, shapes, batches[0])
            run = load_exported(draft, format, model)
            found = max(difference(model, run, arrays) for arrays in batches)
        except ImportError:
            raise
        except Exception as error:
            raise ValueError(_failure(model, chosen, shapes, _first_line(error))) from error
        if not found <= _tolerance(model):
            reason = f"its outputs differ from Keras's by {found:.1e} of the largest output"
            raise ValueError(_failure(model, chosen, shapes, reason))
        for written in Path(folder).iterdir():
            written.replace(path.parent / written.name)
    return path


def _is_for_another_backend(format: Format, shapes: list[tuple[int | None, ...]]) -> bool:
    """Whether a model leaves sizes open, and only another installed backend can write it."""
    return (
        any(None in shape for shape in shapes)
        and format.open_sizes not in ("", keras.backend.backend())
        and find_spec(format.open_sizes) is not None
    )


def _write(
    model: keras.Model,
    path: Path,
    format: Format,
    shapes: list[tuple[int | None, ...]],
    arrays: list[np.ndarray],
) -> None:
    graph = graph_of(model)
    structure = graph._inputs_struct
    # Keras writes ONNX only for a model that was called, which a loaded model was not.
    model(keras.tree.pack_sequence_as(structure, arrays))
    batch = 1 if keras.backend.backend() in format.one_sample else None
    specs = [
        keras.InputSpec(
            shape=(batch, *shape), dtype=tensor.dtype, name=tensor._keras_history.operation.name
        )
        for shape, tensor in zip(shapes, graph.inputs, strict=True)
    ]
    signature = [keras.tree.pack_sequence_as(structure, specs)]
    with _tensors_as_arrays(model):
        model.export(str(path), format=format.name, verbose=False, input_signature=signature)


@contextmanager
def _tensors_as_arrays(model: keras.Model) -> Iterator[None]:
    """Replaces tensors that layers keep as attributes, such as a Normalization's mean, by arrays.

    TensorFlow treats such tensors as further inputs of a traced function, and tf2onnx makes them
    inputs of the file; arrays become constants.
    """
    if keras.backend.backend() != "tensorflow":
        yield
        return
    replaced = [
        (vars(layer), name, value)
        for layer in model._flatten_layers()
        for name, value in vars(layer).items()
        if keras.ops.is_tensor(value) and not isinstance(value, keras.Variable)
    ]
    for attributes, name, value in replaced:
        attributes[name] = keras.ops.convert_to_numpy(value)
    try:
        yield
    finally:
        for attributes, name, value in replaced:
            attributes[name] = value


def _tolerance(model: keras.Model) -> float:
    half = any(layer.compute_dtype in ("float16", "bfloat16") for layer in model._flatten_layers())
    return HALF_PRECISION_TOLERANCE if half else TOLERANCE


def _failure(
    model: keras.Model, format: Format, shapes: list[tuple[int | None, ...]], reason: str
) -> str:
    backend = keras.backend.backend()
    others = [each for each in format.backends if each != backend]
    message = (
        f"The model {model.name!r} does not work as {format.name} when it is written on {backend}, "
        f"so no file was kept: {reason}"
    )
    advice = []
    if any(None in shape for shape in shapes):
        fixed = [tuple(size or 224 for size in shape) for shape in shapes]
        advice.append(
            f"fix the open sizes, as in input_shape={fixed[0] if len(fixed) == 1 else fixed}"
        )
    if others:
        advice.append(f"write it on another backend: KERAS_BACKEND={others[0]}")
    return f"{message}. You can {'; or '.join(advice)}." if advice else f"{message}."


def _first_line(error: Exception) -> str:
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return f"{type(error).__name__}: {lines[0] if lines else ''}"[:300].rstrip(".")
