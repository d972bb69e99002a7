"""A copy of a Functional model, with edits at some of its calls."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from typing import Any

import keras

from keras_attn.graph.layer_copy import copy_layer, copy_operation, copy_state
from keras_attn.graph.read import graph_of, inner_graph, nested_nodes, nodes_of, run

#: Replaces a call: `edit(call, *args, **kwargs)`, where `call` makes the call as it was.
Edit = Callable[..., Any]

#: In place of a tensor that the edited model does not compute.
REMOVED = object()


def copy_model(
    model: keras.Model, edits: Mapping[str, Edit] | None = None, share: bool = False
) -> keras.Model:
    """The same model, except for the edits.

    Layers that are shared, also between nested models, are copied once and stay shared. If an
    edit returns fewer tensors than the call did, outputs that need the missing ones are left out;
    a single remaining output is returned without its dictionary or list.

    Args:
        model: A Functional model, which is not changed.
        edits: Path of a call (`Call.path`) -> its edit. An edit inside a nested model applies to
            all calls of that model.
        share: Whether the new model has the layers of the old one, in place of copies with the
            same weights and the same state of training.

    Returns:
        A model of the same class where that can be built from inputs and outputs, and otherwise a
        `keras.Model`; not compiled. Plain values that were set as attributes of the model, such as
        its number of classes, are set on the copy too.
    """
    nodes = dict(nested_nodes(graph_of(model)))
    copier = _Copier({id(nodes[path]): edit for path, edit in (edits or {}).items()}, share)
    new = copier.copy(model)
    copier.copy_states()
    return new


class _Copier:
    """Copies a model and the models nested in it, each layer once."""

    def __init__(self, edits: Mapping[int, Edit], share: bool) -> None:
        self.edits = edits
        self.share = share
        self.copies: dict[int, Any] = {}
        self.copied_layers: list[tuple[keras.Layer, keras.Layer]] = []
        self.kept_outputs: dict[int, list[bool]] = {}

    def copy(self, model: Any) -> Any:
        """The copy of a model, with the edits inside."""
        graph = graph_of(model)
        inputs = keras.tree.map_structure(_new_input, graph._inputs_struct)
        outputs = run(graph, inputs, self._call)
        kept = [each is not REMOVED for each in keras.tree.flatten(outputs)]
        new = _graph_class(model)(inputs, _remaining(outputs), name=model.name)
        self.kept_outputs[id(new)] = kept
        _copy_marks(model, new)
        # Models around edits are not frozen as a whole: new layers in them could not learn.
        frozen = not getattr(model, "trainable", True)
        if frozen and not self.share and not self._is_edited(graph):
            new.trainable = False
        return new

    def copy_states(self) -> None:
        """Gives the copies the weights and the state of their originals."""
        for old, new in self.copied_layers:
            copy_state(old, new)

    def _call(self, name: str, node: Any, args: Any, kwargs: Any) -> list[Any]:
        """The outputs of a call in the new model, the same number as in the old one."""
        count = len(node.outputs)
        if any(each is REMOVED for each in keras.tree.flatten((args, kwargs))):
            return [REMOVED] * count
        kept = [True] * count
        if (edit := self.edits.get(id(node))) is not None:
            # The counterpart of a layer that is left out is never created.
            outputs = edit(
                lambda *a, **k: self._counterpart(node.operation)(*a, **k), *args, **kwargs
            )
        else:
            operation = self._counterpart(node.operation)
            outputs = operation(*args, **kwargs)
            kept = self.kept_outputs.get(id(operation), kept)
        found = iter(keras.tree.flatten(outputs))
        return [next(found, REMOVED) if each else REMOVED for each in kept]

    def _counterpart(self, operation: Any) -> Any:
        """What takes the place of an operation in the new model."""
        if id(operation) not in self.copies:
            self.copies[id(operation)] = self._new_counterpart(operation)
        return self.copies[id(operation)]

    def _new_counterpart(self, operation: Any) -> Any:
        graph = inner_graph(operation)
        if graph is not None and self._is_edited(graph):
            return self.copy(operation)
        if not isinstance(operation, keras.Layer):
            return copy_operation(operation) if graph is None else self.copy(operation)
        if self.share:
            return operation
        if type(operation) is keras.Sequential and graph is not None:
            return self._copy_sequential(operation)
        if graph is not None and _takes_graph(operation):
            return self.copy(operation)
        new = copy_layer(operation, self._counterpart)
        if new is not operation:
            self.copied_layers.append((operation, new))
        return new

    def _copy_sequential(self, model: keras.Sequential) -> keras.Sequential:
        (tensor,) = model.inputs
        layers = [self._counterpart(layer) for layer in model.layers]
        new = keras.Sequential([_new_input(tensor), *layers], name=model.name)
        if not model.trainable:
            new.trainable = False
        return new

    def _is_edited(self, graph: keras.Function) -> bool:
        return any(
            id(node) in self.edits
            or ((inner := inner_graph(node.operation)) is not None and self._is_edited(inner))
            for _, node in nodes_of(graph)
        )


def _copy_marks(old: Any, new: Any) -> None:
    """Gives a copy the plain values that its library has set as attributes of the original.

    A YOLO of kyolo, for example, says so how many classes and which strides it has.
    """
    for name, value in vars(old).items():
        if not name.startswith("_") and name not in vars(new) and _is_plain(value):
            setattr(new, name, value)


def _is_plain(value: Any) -> bool:
    if isinstance(value, (tuple, list)):
        return all(map(_is_plain, value))
    return value is None or isinstance(value, (bool, int, float, str))


def _new_input(tensor: keras.KerasTensor) -> keras.KerasTensor:
    layer = tensor._keras_history.operation
    return keras.Input(
        batch_shape=tensor.shape,
        dtype=tensor.dtype,
        sparse=tensor.sparse,
        optional=getattr(layer, "optional", False),
        name=tensor.name if layer is None else layer.name,
    )


def _remaining(outputs: Any) -> Any:
    """The outputs without the removed ones; a single one that remains without its structure."""
    flat = keras.tree.flatten(outputs)
    kept = [each for each in flat if each is not REMOVED]
    if len(kept) == len(flat):
        return outputs
    if len(kept) == 1:
        return kept[0]
    if isinstance(outputs, dict):
        return {name: each for name, each in outputs.items() if each is not REMOVED}
    return kept


def _takes_graph(model: Any) -> bool:
    """Whether a model's class is built from inputs and outputs, as a Functional model is."""
    return list(inspect.signature(type(model).__init__).parameters)[1:3] == ["inputs", "outputs"]


def _graph_class(model: Any) -> Any:
    is_sequential = isinstance(model, keras.Sequential)
    return type(model) if _takes_graph(model) and not is_sequential else keras.Model
