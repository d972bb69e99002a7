"""Models whose layers can be seen: their graph, and what happens when it runs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import keras


def graph_of(model: Any) -> keras.Function:
    """The graph of a Functional model, or of a Sequential one with known input.

    Raises:
        ValueError: If it is neither.
    """
    graph = inner_graph(model)
    if graph is None:
        raise ValueError(
            f"The layers of {model!r} cannot be seen. Functional models are taken, and Sequential "
            f"ones that begin with an Input. For a subclassed model, call its parts on a "
            f"keras.Input and wrap them in keras.Model(inputs, outputs)."
        )
    return graph


def inner_graph(operation: Any) -> keras.Function | None:
    """The graph of an operation that is itself a model; None for any other."""
    graph = getattr(operation, "_functional", None) or operation
    return graph if isinstance(graph, keras.Function) else None


def run(graph: keras.Function, inputs: Any, call: Callable[..., Any]) -> Any:
    """Runs a graph, each operation by `call(operation, *args, **kwargs)`.

    Args:
        graph: What `graph_of` returns.
        inputs: Values in the structure of its inputs: tensors, or symbols.
        call: What takes the place of calling an operation.

    Returns:
        The outputs, in the structure of the graph's.
    """

    def visit(operation: Any) -> Callable[..., Any]:
        return lambda *args, **kwargs: call(operation, *args, **kwargs)

    return graph._run_through_graph(inputs, operation_fn=visit)


def run_nested(
    graph: keras.Function, inputs: Any, call: Callable[..., Any], prefix: str = ""
) -> Any:
    """Runs a graph and the models nested in it, by `call(path, operation, *args, **kwargs)`.

    Args:
        graph: What `graph_of` returns.
        inputs: Values in the structure of its inputs.
        call: What takes the place of calling an operation that is no model. A path is the name of
            the operation; in a nested model `"model/operation"`.
        prefix: Of every path.

    Returns:
        The outputs, in the structure of the graph's.
    """

    def visit(operation: Any, *args: Any, **kwargs: Any) -> Any:
        path = prefix + operation.name
        if (inner := inner_graph(operation)) is not None:
            return run_nested(inner, args[0], call, f"{path}/")
        return call(path, operation, *args, **kwargs)

    return run(graph, inputs, visit)


@dataclass(frozen=True)
class Step:
    """One call of an operation.

    Attributes:
        path: Name of the operation; in a nested model `"model/operation"`.
        operation: A layer, or a function of `keras.ops`.
        inputs: Its arguments that are tensors.
        outputs: What it returns.
    """

    path: str
    operation: Any
    inputs: tuple[keras.KerasTensor, ...]
    outputs: tuple[keras.KerasTensor, ...]


def trace(graph: keras.Function, inputs: Any) -> tuple[list[Step], tuple[keras.KerasTensor, ...]]:
    """Every call in a graph and in the models nested in it, without computing anything.

    Args:
        graph: What `graph_of` returns.
        inputs: Symbols in the structure of its inputs.

    Returns:
        The steps in an order of computation, and the outputs.
    """
    steps: list[Step] = []

    def call(path: str, operation: Any, *args: Any, **kwargs: Any) -> Any:
        outputs = operation.compute_output_spec(*args, **kwargs)
        steps.append(Step(path, operation, symbols((args, kwargs)), symbols(outputs)))
        return outputs

    return steps, symbols(run_nested(graph, inputs, call))


def symbols(structure: Any) -> tuple[keras.KerasTensor, ...]:
    """The symbolic tensors of a structure."""
    flat = keras.tree.flatten(structure)
    return tuple(each for each in flat if isinstance(each, keras.KerasTensor))
