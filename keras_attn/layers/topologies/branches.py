"""Several gates of one kind, which differ in one argument."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from keras_attn.layers.topologies.topology import GatedLayer


def check_branches(name: str, values: Sequence[float], number: int | None = None) -> tuple:
    """Returns the branches' values as a tuple, or raises ValueError."""
    wanted = "one value per branch" if number is None else f"{number} values"
    if not isinstance(values, (list, tuple)) or not values or number not in (None, len(values)):
        raise ValueError(f"`{name}` must be a tuple of {wanted}. Received: {name}={values!r}.")
    if number is None and len(set(values)) < len(values):
        raise ValueError(f"`{name}` must differ from each other. Received: {name}={values!r}.")
    return tuple(values)


def new_scales(layer: GatedLayer, kind: str, **values: Sequence[float]) -> list[Any]:
    """One gate per value of an argument; a gate that does not take it differs in its weights."""
    ((name, scales),) = values.items()
    gates = []
    for scale in scales:
        gate = layer.new_gate(kind, scale={name: scale})
        gate.scale = scale
        gates.append(gate)
    return gates
