"""Combinations: the entry of a topology whose gates are not the study's own."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from keras_attn.catalogue.entry import Entry
from keras_attn.layers.topologies.topology import GatedLayer


def combined(entry: Entry, config: Mapping[str, Any]) -> Entry:
    """The entry with arguments, which may name other gates.

    Title and formula name the gates, and the limits are those of the topology and of its gates.

    Args:
        entry: An entry of the catalogue.
        config: Arguments of its class.

    Raises:
        ValueError: If an argument is unknown or out of its range, or there is no such gate.
    """
    layer = entry.create(**{**entry.sample, **config})
    canonical = layer.get_config()
    given = {name: canonical[name] for name in config}
    gates = [each for each in _gates_of(layer) if not each.is_own]
    limits: dict[str, str] = dict(entry.limits)
    for gate in gates:
        limits = {**(gate.entry.limits if gate.entry else {}), **limits}
    parts = [f"{gate.kind} gate of {gate.title}" for gate in gates]
    return replace(
        entry,
        title=f"{entry.title} with the {' and the '.join(parts)}" if parts else entry.title,
        formula=",   ".join([entry.formula, *(g.entry.formula for g in gates if g.entry)]),
        limits=limits,
        config=given,
        ranks=getattr(layer, "accepted_ranks", entry.ranks),
        base=entry,
    )


def _gates_of(layer: Any) -> list[Any]:
    """The specified gates that the topology has."""
    if not isinstance(layer, GatedLayer):
        return []
    names = layer.get_config()
    return [each for kind, each in layer.specifications.items() if kind in names]
