"""Places for the nodes of a graph: rows from top to bottom, and columns that keep lines straight.

A line that passes rows has a way point in each, so that it goes around what stands there.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field

from docs.diagrams.flow import Node, nodes

SPACE = 26.0
ROUNDS = 120


@dataclass(eq=False)
class Place:
    """Where a node stands, or a line passes.

    Attributes:
        node: The node; None for a way point.
        row: From 0, at the top.
        width: Of what is drawn.
        x: Its middle.
        near: The places it is joined to, and how strongly they pull.
    """

    node: Node | None
    row: int
    width: float
    x: float = 0.0
    near: list[tuple[Place, float]] = field(default_factory=list)


@dataclass(frozen=True)
class Line:
    """A line from a place to another, by way points, with the name of what flows if it has one."""

    places: tuple[Place, ...]
    text: str
    wide: bool


def arrange(root: Node, widths: dict[Node, float]) -> tuple[list[list[Place]], list[Line]]:
    """Rows of places, each from left to right, and the lines between them.

    Args:
        root: The node that everything leads to.
        widths: Of all nodes, as they are drawn.
    """
    order = list(nodes(root))
    row = _rows(order)
    places = {node: Place(node, row[node], widths[node]) for node in order}
    rows: list[list[Place]] = [[] for _ in range(max(row.values()) + 1)]
    for node in order:
        rows[row[node]].append(places[node])
    lines = []
    for node in order:
        for source, text in node.inputs:
            between = [Place(None, r, 8.0) for r in range(row[source] + 1, row[node])]
            for place in between:
                rows[place.row].append(place)
            way = (places[source], *between, places[node])
            # The map itself goes straight down; gates stand beside it and do not bend it.
            pull = 1.0 if source.wide and node.wide else 0.02
            for first, second in itertools.pairwise(way):
                first.near.append((second, pull))
                second.near.append((first, pull))
            lines.append(Line(way, text, source.wide))
    _order(rows)
    _settle(rows)
    return rows, lines


def _rows(order: list[Node]) -> dict[Node, int]:
    """As high as what a node reads allows; what reads nothing, just above what reads it."""
    row: dict[Node, int] = {}
    for node in order:
        row[node] = 1 + max((row[source] for source, _ in node.inputs), default=-1)
    for node in order:
        if not node.inputs and node.text != "x":
            readers = [each for each in order if any(source == node for source, _ in each.inputs)]
            row[node] = max(1, min(row[each] for each in readers) - 1)
    # Only nodes without inputs moved down, so what reads them may have to follow.
    for node in order:
        row[node] = max([row[node], *(1 + row[source] for source, _ in node.inputs)])
    return row


def _order(rows: list[list[Place]]) -> None:
    """Sorts each row by where its neighbours stand in the rows around it."""
    for row in rows:
        for index, place in enumerate(row):
            place.x = float(index)
    for step in range(ROUNDS):
        for row in rows if step % 2 else reversed(rows):
            for place in row:
                place.x = _pulled(place)
            row.sort(key=lambda place: place.x)
            for index, place in enumerate(row):
                place.x = index - (len(row) - 1) / 2


def _settle(rows: list[list[Place]]) -> None:
    """Moves every place towards its neighbours, as far as its row has room."""
    for row in rows:
        _spread(row, [0.0] * len(row))
    for step in range(ROUNDS):
        for row in rows if step % 2 else reversed(rows):
            _spread(row, [_pulled(place) for place in row])


def _pulled(place: Place) -> float:
    weight = sum(pull for _, pull in place.near)
    return sum(other.x * pull for other, pull in place.near) / weight if weight else place.x


def _spread(row: list[Place], wanted: list[float]) -> None:
    """Gives a row the positions nearest to the wanted ones that keep order and distance.

    Where two want the same, the one that is pulled less gives way.
    """
    groups: list[tuple[float, float, int]] = []  # weighted sum of starts, weight, how many
    offsets = [0.0]
    for left, right in itertools.pairwise(row):
        offsets.append(offsets[-1] + (left.width + right.width) / 2 + SPACE)
    for place, want, offset in zip(row, wanted, offsets, strict=True):
        weight = sum(pull for _, pull in place.near)
        groups.append((weight * (want - offset), weight, 1))
        while len(groups) > 1 and groups[-2][0] / groups[-2][1] > groups[-1][0] / groups[-1][1]:
            last, previous = groups.pop(), groups.pop()
            groups.append(tuple(a + b for a, b in zip(previous, last, strict=True)))
    starts = [total / weight for total, weight, count in groups for _ in range(count)]
    for place, start, offset in zip(row, starts, offsets, strict=True):
        place.x = start + offset
