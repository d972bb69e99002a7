"""The grammar of variants: from the text that names them, or whatever a user names them by."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import Any

from keras_attn.study.variants import BASELINE, CONSTANTS, MATCHED, PLACE, WORD, Variant
from keras_attn.surgery.insert import STARTS

NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?")
QUOTED = re.compile(r'"(?:[^"\\]|\\.)*"')

FORM = (
    "The form is KEY(argument=value, ...)@WHERE:START, where everything after KEY is optional; "
    "parts are joined by +, and variants are separated by commas, such as "
    "csa(reduction=8)@stage3:published, eca@blocks+csa@stage4."
)


def as_variants(given: Any) -> list[Variant]:
    """The variants that a user names, each once.

    Args:
        given: A text with one variant or several; anything that `Variant` takes as its key; or a
            sequence of these.

    Raises:
        ValueError: If there is none, one is not valid, or two different ones have the same text.
    """
    several = given if isinstance(given, Iterable) and not isinstance(given, str) else [given]
    found: dict[str, Variant] = {}
    for each in several:
        if isinstance(each, str):
            variants = parse_variants(each)
        else:
            variants = [each if isinstance(each, Variant) else Variant(each)]
        for variant in variants:
            if found.setdefault(str(variant), variant).key is not variant.key and not isinstance(
                variant.key, str
            ):
                raise ValueError(
                    f"Two different variants have the name {str(variant)!r}. Give one of them "
                    "another: keras_attn.Variant(..., name='mine')."
                )
    if not found:
        raise ValueError(
            "`variants` is empty: name at least one key of `keras_attn.list_layers()`, "
            f"or {BASELINE!r} for the network without attention alone."
        )
    return list(found.values())


def named(text: str | Variant, variants: Mapping[str, Variant] | None = None) -> Variant:
    """The variant or control with a text.

    Args:
        text: The text; a variant is returned as it is.
        variants: Variants by their texts, where a text alone does not say what they are.

    Raises:
        ValueError: If the text cannot be read.
    """
    if isinstance(text, Variant):
        return text
    attended = text.removeprefix(MATCHED)
    if variants is None or attended not in variants:
        return parse_variant(text)
    return replace(variants[attended], control=attended != text)


def parse_variant(text: str) -> Variant:
    """The variant that a text names.

    Raises:
        ValueError: If the text is not exactly one variant.
    """
    reader = _Reader(text)
    variant = reader.variant()
    reader.end()
    return variant


def parse_variants(text: str) -> list[Variant]:
    """The variants that a text names, separated by commas.

    Raises:
        ValueError: If the text cannot be read; the message names the position.
    """
    reader = _Reader(text)
    found = [reader.variant()]
    while reader.skip(","):
        found.append(reader.variant())
    reader.end()
    return found


def parse_call(text: str) -> tuple[str, dict[str, Any]]:
    """The name and the arguments in a text such as `"sgd(momentum=0.9)"`.

    Raises:
        ValueError: If the text cannot be read; the message names the position.
    """
    reader = _Reader(text, "text", "The form is NAME(argument=value, ...).")
    found = reader.take_name(), reader.arguments()
    reader.end("the end")
    return found


class _Reader:
    """Reads a text from left to right; errors say what it is and which form it must have."""

    def __init__(self, text: str, kind: str = "variant", form: str = FORM) -> None:
        self.text = text
        self.kind = kind
        self.form = form
        self.position = 0

    def variant(self) -> Variant:
        control = self.skip(MATCHED)
        first, *others = self._separated("+", self._part)
        return replace(first, others=tuple(others), control=control)

    def take_name(self) -> str:
        return self._take(WORD, "a name")

    def arguments(self) -> dict[str, Any]:
        """The arguments in parentheses, if there are any."""
        config = {}
        if self.skip("(") and not self.skip(")"):
            config = dict(self._separated(",", self._argument))
            self._expect(")", "a comma or )")
        return config

    def end(self, expected: str = "a comma, +, or the end") -> None:
        if self._rest():
            raise self._error(expected)

    def skip(self, sign: str) -> bool:
        """Whether the sign comes next; it is then left behind."""
        found = self._rest().startswith(sign)
        self.position += len(sign) * found
        return found

    def _part(self) -> Variant:
        variant = self._with_arguments(self._take(WORD, "the key of an attention layer"))
        if self.skip("@"):
            variant = replace(variant, where=self._take(PLACE, "a place, such as stages or stage3"))
        if self.skip(":"):
            start = self.position
            word = self._take(WORD, " or ".join(STARTS))
            if word not in STARTS:
                self.position = start
                raise self._error(" or ".join(STARTS))
            variant = replace(variant, start=word)
        return variant

    def _with_arguments(self, key: str) -> Variant:
        return Variant(key, config=self.arguments())

    def _argument(self) -> tuple[str, Any]:
        name = self._take(WORD, "the name of an argument")
        self._expect("=", "=")
        return name, self._value()

    def _value(self) -> Any:
        if self.skip("["):
            values = [] if self._rest().startswith("]") else self._separated(",", self._value)
            self._expect("]", "a comma or ]")
            return values
        if QUOTED.match(self._rest()):
            return json.loads(self._take(QUOTED, "text"))
        if NUMBER.match(self._rest()):
            number = self._take(NUMBER, "a number")
            return int(number) if re.fullmatch(r"[+-]?\d+", number) else float(number)
        word = self._take(WORD, "a number, a word, or a list in brackets")
        if self._rest().startswith("("):
            return self._with_arguments(word)
        return CONSTANTS.get(word, word)

    def _separated(self, sign: str, read: Callable[[], Any]) -> list[Any]:
        found = [read()]
        while self.skip(sign):
            found.append(read())
        return found

    def _rest(self) -> str:
        """What was not read yet, without spaces in front."""
        rest = self.text[self.position :].lstrip()
        self.position = len(self.text) - len(rest)
        return rest

    def _take(self, pattern: re.Pattern[str], expected: str) -> str:
        found = pattern.match(self._rest())
        if not found:
            raise self._error(expected)
        self.position += found.end()
        return found[0]

    def _expect(self, sign: str, expected: str) -> None:
        if not self.skip(sign):
            raise self._error(expected)

    def _error(self, expected: str) -> ValueError:
        found = repr(self._rest()[:20]) if self._rest() else "the end"
        return ValueError(
            f"The {self.kind} {self.text!r} cannot be read: expected {expected} at position "
            f"{self.position}, found {found}. {self.form}"
        )
