"""Models whose layers can be seen."""

from __future__ import annotations

from typing import Any

import keras


def graph_of(model: Any) -> keras.Function:
    """The graph of a Functional model, or of a Sequential one with known input.

    Raises:
        ValueError: If it is neither.
    """
    graph = getattr(model, "_functional", None) or model
    if not isinstance(graph, keras.Function):
        raise ValueError(
            f"The layers of {model!r} cannot be seen. Functional models are taken, and Sequential "
            f"ones that begin with an Input. For a subclassed model, call its parts on a "
            f"keras.Input and wrap them in keras.Model(inputs, outputs)."
        )
    return graph
