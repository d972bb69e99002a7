"""What flows where in a formula: a graph of maps, gates and sums, to be drawn.

A part that reads a single map and has no gate in it, such as `σ(BN(K [max u; mean u]))`, is one
box; gates, and products and sums of what flows, are nodes of their own.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from docs.diagrams.formula import Expression, Formula, base, is_gate, parse

#: What names stand for that a formula leaves to the text beside it, by key.
READS = {
    "abn": {"f": "x"},
    "gcsa2": {"l₁": "x", "l₂": "x"},
    "scsa_synergistic": {"Q": "u", "Kᵀ": "u", "V": "u"},
}

#: Gates by their letters, as the catalogue uses them.
GATES = {
    "c": "channel gate",
    "g": "channel gate",
    "s": "spatial gate",
    "h": "row gate",
    "w": "column gate",
}

#: The shape of what a gate returns, by its whole name or by its letter. Those of a layer that gates
#: a part of the channels are left out.
SHAPES = {
    "x": "H×W×C",
    "c": "1×1×C",
    "g": "1×1×C",
    "s": "H×W×1",
    "h": "H×1×C",
    "w": "1×W×C",
    "s_H": "1×W×C",
    "s_W": "H×1×C",
    "s_C": "H×W×1",
}
PARTS = ("x₁", "x₂")

#: Operators that give full-size maps; the others give what maps are multiplied by.
WIDE = ("L", "gelu", "shuffle")


@dataclass(frozen=True)
class Node:
    """A thing that is computed.

    Attributes:
        kind: `"map"` (x and y), `"gate"`, `"box"` (anything else with a text), `"learned"` (a box
            that reads nothing) or `"operation"` (a product or sum).
        text: What it says.
        inputs: What it reads, with the name on the way if there is one.
        wide: Whether it is a full-size map, and not numbers to multiply one by.
        name: What the formula calls it, if anything.
    """

    kind: str
    text: str
    inputs: tuple[tuple[Node, str], ...] = ()
    wide: bool = False
    name: str = field(default="", compare=False)


def flow(key: str, text: str) -> Node:
    """The graph of a formula: y, from which all others can be reached.

    Args:
        key: Of the layer.
        text: The formula.
    """
    return _Flow(parse(text), READS.get(key, {})).result()


def shape_of(node: Node) -> str:
    """The shape of the map or of what a gate returns, without the batch; empty if none is known."""
    if node.kind == "gate":
        of_a_part = any(source.text in PARTS for source, _ in node.inputs)
        return "" if of_a_part else SHAPES.get(node.text) or SHAPES[base(node.text)]
    return SHAPES["x"] if node.kind == "map" else ""


def nodes(node: Node) -> Iterator[Node]:
    """A node and all that it depends on, each once, inputs first."""
    seen: dict[Node, None] = {}

    def visit(each: Node) -> None:
        if each not in seen:
            for source, _ in each.inputs:
                visit(source)
            seen[each] = None

    visit(node)
    yield from seen


X = Node("map", "x", wide=True)


class _Flow:
    def __init__(self, formula: Formula, reads: dict[str, str]) -> None:
        self.formula = formula
        self.reads = reads
        self.known: dict[str, Node] = {"x": X}

    def result(self) -> Node:
        return Node("map", "y", ((self.node(self.formula.values["y"]), ""),), wide=True)

    # -- names

    def named(self, name: str) -> Node | None:
        """The node that a name stands for; None for a number that is not drawn."""
        if name in self.known:
            return self.known[name]
        if name in self.formula.values:
            found = self.node(self.formula.values[name])
            # A box says what it is called, since others read it under that name.
            if found.kind in ("box", "learned"):
                found = replace(found, text=f"{name} = {found.text}")
            self.known[name] = found = replace(found, name=name)
            return found
        if source := self.read_by(name):
            return source
        whole = base(name)
        if whole != name and whole in self.formula.values:  # w₁ is a part of w
            return self.named(whole)
        return None

    def read_by(self, name: str) -> Node | None:
        """What a name is a part of, or is made from, that has no definition of its own."""
        if name in self.reads:
            source = self.named(self.reads[name])
            # A small letter is a map that has a name of its own; others are seen in a text.
            small = source is not None and base(name) == name and name.islower()
            return Node("box", name, ((source, ""),), wide=True) if small else source
        return X if base(name) == "x" else None

    # -- expressions

    def sources(self, tree: Expression) -> set[Node]:
        """What an expression reads."""
        if tree.kind == "name":
            node = self.named(tree.text)
            return set() if node is None else {node}
        return set().union(*(self.sources(part) for part in tree.parts))

    def is_plain(self, tree: Expression) -> bool:
        """Whether an expression is one box: a single source, no gate, no product of two flows."""
        if tree.kind == "gate" or len(self.sources(tree)) > 1:
            return False
        if tree.kind == "apply" and base(tree.parts[0].text) in self.formula.functions:
            return False
        if tree.kind == "product" and "·" in tree.signs:
            return sum(bool(self.sources(part)) for part in tree.parts) < 2
        return all(self.is_plain(part) for part in tree.parts)

    def node(self, tree: Expression) -> Node:
        if tree.kind == "name":
            return self.leaf(tree.text)
        if self.is_plain(tree):
            (source, *_) = [*self.sources(tree), None]
            inputs = () if source is None else ((source, ""),)
            wide = tree.kind == "apply" and tree.parts[0].text in WIDE
            return Node("box" if inputs else "learned", tree.text, inputs, wide)
        return getattr(self, f"_{tree.kind}")(tree)

    def leaf(self, name: str) -> Node:
        defined = name in self.known or name in self.formula.values
        if not defined and (source := self.read_by(name)):
            return Node("box", name, ((source, ""),), wide=source.wide)
        found = self.named(name)
        return Node("learned", name) if found is None else found

    def edge(self, tree: Expression) -> tuple[Node, str]:
        """A node, and the name of the part of it that is meant."""
        node = self.node(tree)
        part = tree.kind == "name" and base(tree.text) != tree.text and node.name
        return node, tree.text if part and tree.text != node.name else ""

    def multiply(self, *factors: tuple[Node, str]) -> Node:
        """The product of two or more: maps, then gates, then shares, in whatever order written.

        So `b · x · c(x) · s(x c)` has the products that its gates read.
        """
        first, *others = sorted(
            factors, key=lambda factor: (not factor[0].wide, factor[0].kind != "gate")
        )
        for factor in others:
            wide = first[0].wide or factor[0].wide
            first = (Node("operation", "×", (first, factor), wide), "")
        return first[0]

    def _product(self, tree: Expression) -> Node:
        flows, constants = [], []
        for sign, part in zip(("·", *tree.signs), tree.parts, strict=True):
            if sign == "/" or not (part.kind in ("name", "gate") or self.has_flow(part)):
                constants.append(f"{'÷' if sign == '/' else '×'} {part.text}")
            else:
                flows.append(self.edge(part))
        node = self.multiply(*flows)
        for text in constants:
            node = Node("box", text, ((node, ""),), node.wide)
        return node

    def _beside(self, tree: Expression) -> Node:
        return self.multiply(*map(self.edge, tree.parts))

    def _sum(self, tree: Expression) -> Node:
        flows, constants = [], []
        for part in tree.parts:
            (flows if self.has_flow(part) else constants).append(part)
        edges = tuple(map(self.edge, flows))
        wide = any(node.wide for node, _ in edges)
        node = edges[0][0] if len(edges) == 1 else Node("operation", "+", edges, wide)
        for part in constants:
            node = Node("box", f"{part.text} +", ((node, ""),), node.wide)
        return node

    def _apply(self, tree: Expression) -> Node:
        operator, argument = tree.parts
        if base(operator.text) in self.formula.functions:
            return self.call(operator.text, argument)
        if argument.kind == "list":
            edges = tuple(map(self.edge, argument.parts))
            wide = any(node.wide for node, _ in edges)
            return Node("box", f"{operator.text} of both", edges, wide)
        return Node("box", operator.text, ((self.node(argument), ""),), operator.text in WIDE)

    def call(self, name: str, argument: Expression) -> Node:
        """A function of the formula's own: `S₇(...)` by `Sₖ(u) = u · sₖ(u)`."""
        pattern, parameter, body = self.formula.functions[base(name)]
        index, value = pattern.removeprefix(base(name)), name.removeprefix(base(name))
        inner = _Flow(self.formula, self.reads)
        inner.known = {**self.known, parameter: self.node(argument)}
        return inner.node(_renamed(body, index, value))

    def _gate(self, tree: Expression) -> Node:
        gate, argument = tree.parts
        return self.gate(gate.text, self.running(argument))

    def gate(self, name: str, source: Node) -> Node:
        return Node("gate", name, ((source, ""),))

    def running(self, tree: Expression) -> Node:
        """What a gate reads: in `s(x c)` the product of x and its own gate c."""
        if tree.kind != "beside":
            return self.node(tree)
        first, *others = tree.parts
        node = self.node(first)
        for other in others:
            assert is_gate(other.text)
            node = self.multiply((node, ""), (self.gate(other.text, node), ""))
        return node

    def has_flow(self, tree: Expression) -> bool:
        return (
            tree.kind == "gate" or bool(self.sources(tree)) or any(map(self.has_flow, tree.parts))
        )


def _renamed(tree: Expression, old: str, new: str) -> Expression:
    """An expression with another subscript: `sₖ` becomes `s₇`."""
    return replace(
        tree,
        text=tree.text.replace(old, new),
        parts=tuple(_renamed(part, old, new) for part in tree.parts),
    )
