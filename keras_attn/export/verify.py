"""An exported model beside the original: does it return the same?"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import keras
import numpy as np

from keras_attn.export.formats import FORMATS
from keras_attn.export.runtimes import Interface, Runner
from keras_attn.graph.inputs import flat_inputs, input_shapes
from keras_attn.graph.read import graph_of

#: In place of sizes that a model leaves open: a file must work for all of these.
OPEN_SIZES = (64, 96)


def load_exported(path: str | Path, format: str, model: keras.Model) -> Runner:
    """An exported model as a function of batches of its inputs, run by its own runtime.

    Args:
        path: What `export_model` wrote.
        format: Its format.
        model: The original, which gives the names and the order of inputs and outputs.

    Returns:
        A function of a list with a batch for each input. It returns the list of outputs.
    """
    run = FORMATS[format].load(Path(path), Interface.of(model))

    def run_each(arrays: list[np.ndarray]) -> list[np.ndarray]:
        """Runs sample by sample, because some files take only one at a time."""
        samples = [[array[i : i + 1] for array in arrays] for i in range(len(arrays[0]))]
        outputs = [run(sample) for sample in samples]
        return [np.concatenate(parts) for parts in zip(*outputs, strict=True)]

    return run_each


def largest_difference(
    model: keras.Model,
    path: str | Path,
    format: str,
    images: Any = None,
    input_shape: Sequence | None = None,
) -> float:
    """How far an exported model is from the original.

    Args:
        model: The original, a Functional model.
        path: What `export_model` wrote.
        format: Its format.
        images: A batch of inputs; for a model with several inputs a list of batches, or a
            dictionary by the name of the input. Random numbers if None, of two sizes where the
            model leaves sizes open.
        input_shape: The shape of random inputs, as it was given to `export_model`.

    Returns:
        The largest difference of any output, in units of the largest value of that output.

    Raises:
        ValueError: If the outputs differ in number or shape.
    """
    run = load_exported(path, format, model)
    batches = (
        random_inputs(model, input_shapes(graph_of(model), input_shape))
        if images is None
        else [flat_inputs(graph_of(model), images)]
    )
    return max(difference(model, run, arrays) for arrays in batches)


def random_inputs(
    model: keras.Model, shapes: Sequence[tuple[int | None, ...]]
) -> list[list[np.ndarray]]:
    """Batches of two random samples: one for each of `OPEN_SIZES` where sizes are open.

    Args:
        model: A Functional model.
        shapes: The shapes of its inputs without the batch.
    """
    generator = np.random.default_rng(0)
    is_open = any(None in shape for shape in shapes)
    return [
        [
            generator.random((2, *(size or open_size for size in shape))).astype(tensor.dtype)
            for shape, tensor in zip(shapes, graph_of(model).inputs, strict=True)
        ]
        for open_size in (OPEN_SIZES if is_open else OPEN_SIZES[:1])
    ]


def difference(model: keras.Model, run: Runner, arrays: list[np.ndarray]) -> float:
    """The largest difference of any output, in units of the largest value of that output.

    Raises:
        ValueError: If the outputs differ in number or shape.
    """
    structure = keras.tree.pack_sequence_as(graph_of(model)._inputs_struct, arrays)
    outputs = keras.tree.flatten(model.predict_on_batch(structure))
    expected = [np.asarray(each, "float32") for each in outputs]
    found = run(arrays)
    if [each.shape for each in found] != [each.shape for each in expected]:
        raise ValueError(
            f"The exported model returns outputs of shapes {[each.shape for each in found]}, the "
            f"original {[each.shape for each in expected]}."
        )
    return max(
        float(np.abs(one.astype("float32") - other).max() / max(np.abs(other).max(), 1e-12))
        for one, other in zip(found, expected, strict=True)
    )
