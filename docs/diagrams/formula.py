"""Reads the catalogue's formulas: `y = x · c(x) · s(x c)` becomes a tree.

What stands side by side is an application if the first is an operator (`relu(...)`, `D₁ mean x`),
and a product if it is not (`a c(x)`, `x c`). Operators have names of several letters or capital
ones; a small letter before a parenthesis is a gate.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, replace

SUBSCRIPTS = "₀₁₂₃₄₅₆₇₈₉ᵢₖ"
TOKEN = re.compile(
    rf"\s*(?:(?P<name>√?[A-Za-zα-ωΑ-Ω]+(?:_[A-Z])?[{SUBSCRIPTS}]*[ᵀ']?|√)"
    r"|(?P<number>\d+|½)|(?P<symbol>[-=·+*/()\[\];,|²]))"
)


@dataclass(frozen=True)
class Expression:
    """A part of a formula.

    Attributes:
        kind: `"name"`, `"number"`, `"sum"`, `"product"` (with `·`, `*` or `/`), `"beside"` (a
            product without a sign), `"apply"` (an operator, then what it is applied to), `"gate"`
            (its name, then what it reads), `"list"` (in brackets, or the arguments of an operator)
            or `"power"`.
        text: As it stands in the formula.
        parts: What it is made of.
        signs: Of a sum or product, the sign before each part but the first.
    """

    kind: str
    text: str
    parts: tuple[Expression, ...] = ()
    signs: tuple[str, ...] = ()


def base(name: str) -> str:
    """A name without subscripts, primes and the like: `c'` and `cᵢ` are both of `c`."""
    return name.lstrip("√").partition("_")[0].rstrip(SUBSCRIPTS + "ᵀ'")


def is_gate(name: str) -> bool:
    """Whether a name is that of a gate, where a parenthesis follows."""
    return len(base(name)) == 1 and base(name).islower() and base(name) != "σ"


@dataclass(frozen=True)
class Formula:
    """Definitions by name; those of functions, `Sₖ(u) = ...`, with the name of their argument."""

    values: dict[str, Expression]
    functions: dict[str, tuple[str, str, Expression]]


def parse(text: str) -> Formula:
    """A formula of the catalogue.

    Raises:
        ValueError: If it is none.
    """
    definitions = [part.strip() for part in re.split(r",\s{2,}", text)]
    values: dict[str, Expression] = {}
    functions: dict[str, tuple[str, str, Expression]] = {}
    names = {base(each.partition("=")[0].partition("(")[0].strip()) for each in definitions}
    for each in definitions:
        left, equals, right = (part.strip() for part in each.partition("="))
        if not equals:
            raise ValueError(f"{each!r} is not a definition.")
        tree = _Parser(right, names).formula()
        if function := re.fullmatch(r"(\S+)\((\S+)\)", left):
            functions[base(function[1])] = (function[1], function[2], tree)
        else:
            values[left] = tree
    return Formula(values, functions)


class _Parser:
    """Recursive descent: sum, product, side by side, factor."""

    def __init__(self, text: str, defined: set[str]) -> None:
        self.text = text
        self.defined = defined
        self.tokens: list[tuple[str, str, int, int]] = []
        place = 0
        while place < len(text.rstrip()):
            match = TOKEN.match(text, place)
            if match is None:
                raise ValueError(f"{text[place:]!r} of {text!r} is not understood.")
            kind = str(match.lastgroup)
            self.tokens.append((kind, match[kind], match.start(kind), match.end()))
            place = match.end()
        self.at = 0
        self.in_bars = False

    def formula(self) -> Expression:
        tree = self.sum()
        if self.at < len(self.tokens):
            raise ValueError(f"{self.peek()!r} of {self.text!r} is not expected.")
        return tree

    def peek(self) -> str:
        return self.tokens[self.at][1] if self.at < len(self.tokens) else ""

    def take(self, expected: str = "") -> str:
        found = self.peek()
        if not found or (expected and found != expected):
            raise ValueError(f"{self.text!r}: expected {expected or 'more'}, found {found!r}.")
        self.at += 1
        return found

    def since(self, first: int) -> str:
        """The text from a token to the last that was taken."""
        return self.text[self.tokens[first][2] : self.tokens[self.at - 1][3]]

    def chain(self, kind: str, signs: str, part: Callable[[], Expression]) -> Expression:
        first, parts, found = self.at, [part()], []
        while self.peek() and self.peek() in signs:
            found.append(self.take())
            parts.append(part())
        if not found:
            return parts[0]
        return Expression(kind, self.since(first), tuple(parts), tuple(found))

    def sum(self) -> Expression:
        return self.chain("sum", "+-", self.product)

    def product(self) -> Expression:
        return self.chain("product", "·*/", self.beside)

    def starts_factor(self) -> bool:
        # Between bars the next bar is the closing one.
        opening = "([" if self.in_bars else "([|"
        return self.at < len(self.tokens) and (
            self.tokens[self.at][0] != "symbol" or self.peek() in opening
        )

    def beside(self) -> Expression:
        first, parts = self.at, []
        while not parts or self.starts_factor():
            start = self.at
            factor = self.factor()
            if factor.kind == "name" and self.is_operator(factor.text) and self.starts_factor():
                argument = self.beside()
                factor = Expression("apply", self.since(start), (factor, argument))
            parts.append(factor)
        if len(parts) == 1:
            return parts[0]
        return Expression("beside", self.since(first), tuple(parts))

    def is_operator(self, name: str) -> bool:
        letters = base(name)
        if letters in self.defined and letters != "S":
            return False
        return len(letters) != 1 or letters.isupper() or letters == "σ"

    def factor(self) -> Expression:
        first = self.at
        kind, token, *_ = self.tokens[self.at] if self.at < len(self.tokens) else ("", "")
        if kind == "name":
            self.take()
            tree = Expression("name", token)
            if self.peek() == "(" and is_gate(token):
                tree = Expression("gate", "", (tree, self.group("(", ")")))
                tree = replace(tree, text=self.since(first))
        elif kind == "number":
            self.take()
            tree = Expression("number", token)
        elif token == "|":
            self.take()
            self.in_bars = True
            inside = self.sum()
            self.in_bars = False
            self.take("|")
            tree = Expression("power", self.since(first), (inside,))
        elif token == "[":
            tree = self.group("[", "]")
        else:
            tree = self.group("(", ")")
        if self.peek() == "²":
            self.take()
            tree = Expression("power", self.since(first), (tree,))
        return tree

    def group(self, opening: str, closing: str) -> Expression:
        first, parts = self.at, []
        self.take(opening)
        parts.append(self.sum())
        while self.peek() in (";", ","):
            self.take()
            parts.append(self.sum())
        self.take(closing)
        if len(parts) == 1 and opening == "(":
            return parts[0]
        return Expression("list", self.since(first), tuple(parts))
