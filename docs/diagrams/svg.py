"""Draws the graph of a formula as SVG. Colours come from classes, so that light and dark fit."""

from __future__ import annotations

import itertools
from html import escape

from docs.diagrams.flow import GATES, Node, flow, nodes, shape_of
from docs.diagrams.formula import base
from docs.diagrams.layout import Line, Place, arrange

ROW = 66.0
HEIGHT = 38.0
RADIUS = 14.0
MARGIN = 12.0
LETTER = 7.4  # the mean width of a letter of the text
SMALL_LETTER = 6.4  # the same of a shape
LONGEST = 34  # letters of a line of text


def draw(key: str, text: str, label: str = "") -> str:
    """The diagram of a formula.

    Args:
        key: Of the layer.
        text: The formula.
        label: What the picture is called, for those who cannot see it; empty for an ornament.
    """
    root = flow(key, text)
    rows, lines = arrange(root, {node: _width(node) for node in nodes(root)})
    places = [place for row in rows for place in row]
    left = min(place.x - place.width / 2 for place in places) - MARGIN
    right = max(place.x + place.width / 2 + _beside(place) for place in places) + MARGIN
    height = ROW * (len(rows) - 1) + HEIGHT + 2 * MARGIN
    parts = [_line(line) for line in lines]
    parts += [_node(place) for place in places if place.node is not None]
    parts += [_shape(place, lines) for place in places if place.node and shape_of(place.node)]
    name = f'role="img" aria-label="{escape(label)}"' if label else 'aria-hidden="true"'
    return (
        f'<svg class="flow" viewBox="{left:.0f} 0 {right - left:.0f} {height:.0f}" '
        f'width="{right - left:.0f}" height="{height:.0f}" {name}>'
        f"{''.join(parts)}</svg>"
    )


def lines_of(node: Node) -> list[str]:
    """What is written on a node; long texts are broken at a space."""
    if node.kind == "gate":
        return [node.text, GATES[base(node.text)]]
    lines = [""]
    for word in node.text.split(" "):
        if lines[-1] and len(lines[-1]) + len(word) >= LONGEST:
            lines.append("")
        lines[-1] = f"{lines[-1]} {word}".strip()
    return lines


def _width(node: Node) -> float:
    if node.kind == "operation":
        return 2 * RADIUS
    if node.kind == "gate":
        return 6.3 * len(GATES[base(node.text)]) + 22
    return max(HEIGHT, LETTER * max(map(len, lines_of(node))) + 22)


def _y(place: Place) -> float:
    return MARGIN + HEIGHT / 2 + ROW * place.row


def _node(place: Place) -> str:
    node = place.node
    assert node is not None
    x, y = place.x, _y(place)
    if node.kind == "operation":
        shape = f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{RADIUS:.0f}"/>'
    else:
        shape = _box(x, y, place.width, 19 if node.kind == "map" else 6)
        if node.kind == "gate" and node.text.endswith("ᵢ"):  # one of several
            shape = _box(x + 4, y - 4, place.width, 6) + shape
    kind = GATES[base(node.text)].split()[0] if node.kind == "gate" else node.kind
    texts = lines_of(node)
    first = y - 8.5 * (len(texts) - 1)
    words = "".join(
        f'<text x="{x:.1f}" y="{first + 17 * index:.1f}"{_small(node, index)}>{escape(text)}</text>'
        for index, text in enumerate(texts)
    )
    return f'<g class="{kind}">{shape}{words}</g>{_name(node, x, y)}'


def _small(node: Node, index: int) -> str:
    return ' class="what"' if node.kind == "gate" and index else ""


def _name(node: Node, x: float, y: float) -> str:
    """What the formula calls a product, beside it."""
    if node.kind != "operation" or not node.name:
        return ""
    return f'<text class="name" x="{x - RADIUS - 9:.1f}" y="{y:.1f}">{escape(node.name)}</text>'


def _shape(place: Place, lines: list[Line]) -> str:
    """The shape of what leaves a node: beside a map; below a gate, where its arrow is not."""
    assert place.node is not None
    x, y, anchor = place.x + HEIGHT / 2 + 5, _y(place), "start"
    if place.node.kind == "gate":
        ends = [line.places[1].x for line in lines if line.places[0] is place]
        to_the_right = sum(ends) > place.x * len(ends)
        anchor = "end" if to_the_right else "start"
        x, y = place.x + (-6 if to_the_right else 6), y + HEIGHT / 2 + 10
    text = shape_of(place.node)
    return f'<text class="shape" x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}">{text}</text>'


def _beside(place: Place) -> float:
    """The room for the shape of a map."""
    is_map = place.node is not None and place.node.kind == "map"
    return 5 + SMALL_LETTER * len(shape_of(place.node)) if is_map else 0.0


def _box(x: float, y: float, width: float, round_: float) -> str:
    return (
        f'<rect x="{x - width / 2:.1f}" y="{y - HEIGHT / 2:.1f}" width="{width:.1f}" '
        f'height="{HEIGHT:.0f}" rx="{round_:.0f}"/>'
    )


def _line(line: Line) -> str:
    """A curve through the way points, with an arrow's head at its end."""
    start, *between, end = line.places
    points = [(start.x, _y(start) + _half(start))]
    points += [(place.x, _y(place)) for place in between]
    tip = (_landing(line), _y(end) - _half(end))
    if end.node is not None and end.node.kind == "operation":  # the edge of the circle
        tip = (tip[0], _y(end) - (RADIUS**2 - (tip[0] - end.x) ** 2) ** 0.5)
    points.append((tip[0], tip[1] - 6))
    path = f"M{points[0][0]:.1f} {points[0][1]:.1f}"
    for (x0, y0), (x1, y1) in itertools.pairwise(points):
        middle = (y0 + y1) / 2
        path += f"C{x0:.1f} {middle:.1f} {x1:.1f} {middle:.1f} {x1:.1f} {y1:.1f}"
    head = f"M{tip[0]:.1f} {tip[1]:.1f}l-4 -7h8z"
    kind = "wide" if line.wide else "numbers"
    text = ""
    if line.text:
        x, y = (points[0][0] + points[1][0]) / 2, (points[0][1] + points[1][1]) / 2
        text = f'<text class="name" x="{x - 12:.1f}" y="{y:.1f}">{escape(line.text)}</text>'
    return f'<path class="{kind}" d="{path}"/><path class="head" d="{head}"/>{text}'


def _half(place: Place) -> float:
    operation = place.node is not None and place.node.kind == "operation"
    return RADIUS if operation else HEIGHT / 2


def _landing(line: Line) -> float:
    """Where a line ends: those that end at the same node land side by side."""
    before, end = line.places[-2:]
    comers = sorted(place.x for place, _ in end.near if place.row == end.row - 1)
    place = comers.index(before.x)
    return end.x + 8 * (place - (len(comers) - 1) / 2)
