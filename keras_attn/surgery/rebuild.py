"""A model built anew from its graph, with changes at some of its layers."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from typing import Any

import keras
import numpy as np

from keras_attn.functional import graph_of, inner_graph, run

#: Takes the place of calling a layer: change(layer, *args, **kwargs). None leaves the layer out.
Change = Callable[..., Any] | None


def rebuild(model: keras.Model, changes: Mapping[str, Change], share: bool = False) -> keras.Model:
    """The same model, but for the changes.

    Args:
        model: A Functional model, which stays as it is.
        changes: What happens in place of a layer's call, by the layer's path: its name, in a
            nested model `"model/layer"`.
        share: Whether the new model has the layers of the old one, or copies of them with the
            same weights, in the same state of training.

    Returns:
        A model of the same class where that can be built from inputs and outputs, and otherwise a
        `keras.Model`; not compiled.
    """
    copies: dict[int, tuple[Any, Any]] = {}
    new = _rebuild(model, changes, share, "", copies)
    for old, copy in copies.values():
        _copy_state(old, copy)
    return new


def _rebuild(
    model: keras.Model,
    changes: Mapping[str, Change],
    share: bool,
    prefix: str,
    copies: dict[int, tuple[Any, Any]],
) -> keras.Model:
    rebuilt: dict[int, Any] = {}

    def counterpart(operation: Any) -> Any:
        path = prefix + operation.name
        if inner_graph(operation) and any(each.startswith(f"{path}/") for each in changes):
            if id(operation) not in rebuilt:
                rebuilt[id(operation)] = _rebuild(operation, changes, share, f"{path}/", copies)
            return rebuilt[id(operation)]
        # Functions have no state; of those in a Lambda, configurations keep only code that is
        # not loaded unless the user says that it is safe.
        if share or not isinstance(operation, keras.Layer):
            return operation
        if isinstance(operation, keras.layers.Lambda):
            return operation
        if id(operation) not in copies:
            copies[id(operation)] = operation, type(operation).from_config(operation.get_config())
        return copies[id(operation)][1]

    def call(operation: Any, *args: Any, **kwargs: Any) -> Any:
        path = prefix + operation.name
        if path not in changes:
            return counterpart(operation)(*args, **kwargs)
        change = changes[path]
        return args[0] if change is None else change(counterpart(operation), *args, **kwargs)

    graph = graph_of(model)
    names = {
        id(layer.output): layer.name
        for layer in graph.layers
        if isinstance(layer, keras.layers.InputLayer)
    }
    inputs = keras.tree.map_structure(
        lambda tensor: keras.Input(
            batch_shape=tensor.shape, dtype=tensor.dtype, name=names[id(tensor)]
        ),
        graph._inputs_struct,
    )
    outputs = run(graph, inputs, call)
    return _class_of(model)(inputs, outputs, name=model.name)


def _class_of(model: keras.Model) -> Any:
    """The model's class, if it is built from inputs and outputs as a Functional model is."""
    parameters = list(inspect.signature(type(model).__init__).parameters)
    takes_graph = parameters[1:3] == ["inputs", "outputs"]
    return type(model) if takes_graph and not isinstance(model, keras.Sequential) else keras.Model


def _copy_state(old: keras.Layer, new: keras.Layer) -> None:
    """Weights, seeds, what is computed from them, and what is frozen."""
    for source, target in zip(old._flatten_layers(), new._flatten_layers(), strict=True):
        if source.trainable != target.trainable:
            target.trainable = source.trainable
        # As a file would do it: a Normalization computes with values made from its weights.
        state: dict[str, Any] = {}
        source.save_own_variables(state)
        target.load_own_variables({name: _own(value) for name, value in state.items()})
    for source, target in zip(old.variables, new.variables, strict=True):
        target.assign(_own(source))


def _own(value: Any) -> np.ndarray:
    """A copy: training in JAX deletes the arrays that it was given, whoever else has them."""
    return np.array(keras.ops.convert_to_numpy(value))
