"""The inputs of a model: their shapes, and arrays that are given for them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
from keras import ops

from keras_attn.graph.read import graph_of


def model_inputs(model: keras.Model, images: Any) -> Any:
    """Arrays as tensors, in the structure of the model's inputs.

    Args:
        model: A Functional model.
        images: A batch of inputs; for a model with several inputs a list of batches, or a
            dictionary by the name of the input.

    Raises:
        ValueError: If the arrays do not fit the model's inputs.
    """
    graph = graph_of(model)
    tensors = [
        ops.convert_to_tensor(array, dtype=symbol.dtype)
        for array, symbol in zip(flat_inputs(graph, images), graph.inputs, strict=True)
    ]
    return keras.tree.pack_sequence_as(graph._inputs_struct, tensors)


def input_shapes(
    graph: keras.Function, input_shape: Sequence | None
) -> list[tuple[int | None, ...]]:
    """The shapes of a graph's inputs without the batch.

    Args:
        graph: What `graph_of` returns.
        input_shape: The shape to use, for a model with several inputs a list of shapes; if None,
            the graph's own.

    Raises:
        ValueError: If the given shape does not have the graph's numbers of axes.
    """
    shapes = [tuple(tensor.shape[1:]) for tensor in graph.inputs]
    if input_shape is None:
        return shapes
    single = len(shapes) == 1 and not isinstance(input_shape[0], (list, tuple))
    given = [input_shape] if single else input_shape
    if list(map(len, given)) != list(map(len, shapes)):
        raise ValueError(
            f"`input_shape` must have the sizes of the model's input without the batch, as in "
            f"{shapes[0] if len(shapes) == 1 else shapes}. Received: {input_shape!r}."
        )
    return [tuple(shape) for shape in given]


def flat_inputs(graph: keras.Function, images: Any) -> list[np.ndarray]:
    """Arrays in the order of the graph's inputs; as for `model_inputs`."""
    symbols = graph.inputs
    is_structure = isinstance(images, (list, tuple, dict))
    if len(symbols) == 1 and not (is_structure and np.ndim(images) != len(symbols[0].shape)):
        arrays = [np.asarray(images)]
    elif isinstance(images, dict):
        names = [symbol._keras_history.operation.name for symbol in symbols]
        if set(images) != set(names):
            raise ValueError(
                f"The model has the inputs {', '.join(names)}. Received: {', '.join(images)}."
            )
        arrays = [np.asarray(images[name]) for name in names]
    elif len(images) == len(symbols):
        arrays = [np.asarray(each) for each in images]
    else:
        raise ValueError(
            f"The model has {len(symbols)} inputs. Give a list with a batch for each, or a "
            f"dictionary by the name of the input. Received {len(images)}."
        )
    shapes = [tuple(symbol.shape) for symbol in symbols]
    if not all(map(_fits, [array.shape for array in arrays], shapes)):
        expected = ", ".join(map(str, shapes))
        found = ", ".join(str(array.shape) for array in arrays)
        raise ValueError(
            f"The images must be a batch of shape {expected}, as the model's input. "
            f"Received: shape {found}."
        )
    return arrays


def _fits(shape: tuple[int, ...], expected: tuple[int | None, ...]) -> bool:
    return len(shape) == len(expected) and all(
        size in (None, given) for size, given in zip(expected[1:], shape[1:], strict=True)
    )
