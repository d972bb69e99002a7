"""Reading a Functional model: its calls, in order, and what happens when they run."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import keras


def graph_of(model: Any) -> keras.Function:
    """The graph of a Functional model, or of a Sequential model with a known input.

    Raises:
        ValueError: If the model is neither.
    """
    graph = inner_graph(model)
    if graph is None:
        raise ValueError(
            f"The layers of {model!r} cannot be read. Expected a Functional model, or a Sequential "
            f"model that begins with an Input. For a subclassed model, call its parts on a "
            f"keras.Input and wrap them in keras.Model(inputs, outputs)."
        )
    return graph


def inner_graph(operation: Any) -> keras.Function | None:
    """The graph of an operation that is itself a model; None for any other operation."""
    graph = getattr(operation, "_functional", None) or operation
    return graph if isinstance(graph, keras.Function) else None


def nodes_of(graph: keras.Function) -> Iterator[tuple[str, Any]]:
    """The calls of a graph as Keras's nodes, each with a name, in an order of computation.

    The name is that of the operation; for the second call of a shared layer `"layer[1]"`.
    """
    counts: Counter[str] = Counter()
    for depth in sorted(graph._nodes_by_depth, reverse=True):
        for node in graph._nodes_by_depth[depth]:
            if node.is_input:
                continue
            name = node.operation.name
            yield (f"{name}[{counts[name]}]" if counts[name] else name), node
            counts[name] += 1


def nested_nodes(graph: keras.Function, prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Like `nodes_of`, with the paths and nodes of nested models in place of those models."""
    for name, node in nodes_of(graph):
        if (inner := inner_graph(node.operation)) is not None:
            yield from nested_nodes(inner, f"{prefix}{name}/")
        else:
            yield prefix + name, node


def run(graph: keras.Function, inputs: Any, visit: Callable[[str, Any, Any, Any], Any]) -> Any:
    """Runs a graph with `visit(name, node, args, kwargs)` in place of each call.

    Args:
        graph: What `graph_of` returns.
        inputs: Values in the structure of its inputs: tensors, or symbolic tensors.
        visit: Returns the outputs of the call.

    Returns:
        The outputs, in the structure of the graph's.
    """
    values = dict(zip(map(id, graph.inputs), keras.tree.flatten(inputs), strict=True))
    for name, node in nodes_of(graph):
        args, kwargs = node.arguments.fill_in(values)
        outputs = visit(name, node, args, kwargs)
        values.update(zip(map(id, node.outputs), keras.tree.flatten(outputs), strict=True))
    outputs = [values[id(tensor)] for tensor in graph.outputs]
    return keras.tree.pack_sequence_as(graph._outputs_struct, outputs)


def run_nested(
    graph: keras.Function, inputs: Any, call: Callable[..., Any], prefix: str = ""
) -> Any:
    """Runs a graph and its nested models with `call(path, operation, *args, **kwargs)`.

    Args:
        graph: What `graph_of` returns.
        inputs: Values in the structure of its inputs.
        call: Returns the outputs of one call of an operation that is not a model. A path is the
            name of the call; in a nested model `"model/layer"`.
        prefix: Of every path.

    Returns:
        The outputs, in the structure of the graph's.
    """

    def visit(name: str, node: Any, args: Any, kwargs: Any) -> Any:
        path = prefix + name
        if (inner := inner_graph(node.operation)) is not None:
            return run_nested(inner, args[0] if args else kwargs["inputs"], call, f"{path}/")
        return call(path, node.operation, *args, **kwargs)

    return run(graph, inputs, visit)


@dataclass(frozen=True)
class Call:
    """One call of an operation.

    Attributes:
        path: Name of the operation, for the second call of a shared layer `"layer[1]"`; in a
            nested model `"model/layer"`.
        operation: A layer, or a function of `keras.ops`.
        inputs: The tensors among its arguments.
        outputs: The tensors that it returns.
        node: Keras's record of the call. The calls of a nested model that is itself called twice
            have two paths and one node.
    """

    path: str
    operation: Any
    inputs: tuple[keras.KerasTensor, ...]
    outputs: tuple[keras.KerasTensor, ...]
    node: Any = field(repr=False)


def trace(graph: keras.Function, inputs: Any) -> tuple[list[Call], tuple[keras.KerasTensor, ...]]:
    """Every call in a graph and in its nested models, without computing anything.

    Args:
        graph: What `graph_of` returns.
        inputs: Symbolic tensors in the structure of its inputs.

    Returns:
        The calls in an order of computation, and the outputs.
    """
    calls: list[Call] = []
    nodes = (node for _, node in nested_nodes(graph))

    def call(path: str, operation: Any, *args: Any, **kwargs: Any) -> Any:
        outputs = operation.compute_output_spec(*args, **kwargs)
        calls.append(Call(path, operation, symbols((args, kwargs)), symbols(outputs), next(nodes)))
        return outputs

    return calls, symbols(run_nested(graph, inputs, call))


def symbols(structure: Any) -> tuple[keras.KerasTensor, ...]:
    """The symbolic tensors in a structure."""
    flat = keras.tree.flatten(structure)
    return tuple(each for each in flat if isinstance(each, keras.KerasTensor))
