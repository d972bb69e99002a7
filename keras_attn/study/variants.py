"""Variants, what a study compares: attention with its arguments, its places and its start.

    none    csa    gam(groups=4)@stages    csa(reduction=8)@stage3:published    eca@blocks+csa

A variant is one part or several, joined by `+`. A part is a key, optionally followed by arguments
in parentheses, `@` and the place, and `:` and the start. Commas outside parentheses separate
variants. This text names a variant everywhere: in Python, on the command line, in the files of a
study and in its report.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import keras
import numpy as np

from keras_attn import catalogue
from keras_attn.checks import check_choice
from keras_attn.surgery.attention import attention_name
from keras_attn.surgery.insert import STARTS

#: The name of the network without attention among the variants.
BASELINE = "none"

#: The key of the attention gate, which has two inputs and is therefore not in the catalogue.
GATE = "attention_gate"

#: Precedes the variant that a control matches in its number of parameters.
MATCHED = "matched-"

#: A string that needs no quotes in the text of a variant.
WORD = re.compile(r"[A-Za-z_][\w.-]*", re.ASCII)
PLACE = re.compile(r"[^\s,+:()@]+")
CONSTANTS = {"True": True, "False": False, "None": None, "true": True, "false": False}


@dataclass(frozen=True, eq=False)
class Variant:
    """One of the networks that a study compares: which attention goes where, and how it starts.

    Variants are equal if their texts are. Several variants are joined with `+`.

    Args:
        key: A key of `keras_attn.list_layers()`, `"attention_gate"` for skip connections, or
            `"none"` for the network without attention; a
            layer class; a layer, as a template of which each place gets a copy; or a function that
            takes a Functional model and returns another.
        where: A place as for `keras_attn.insert_attention`; `"stage3"`, the last map of stage 3;
            or `"stage3.blocks"`, its blocks. If None, the end of each residual branch.
        config: Arguments of the attention layers: numbers, words, lists of them, or variants.
        start: `"identity"` or `"published"`, as for `keras_attn.insert_attention`. If None,
            `"published"` in a network with random weights, and `"identity"` in a trained one.
        name: What the variant is called if `key` is not a key; by default the name of the class
            or function.
        control: Whether this is the plain network with the same number of parameters instead.
        others: The parts that follow this one.

    Raises:
        ValueError: If the key is unknown, or an argument cannot be written as text.

    Example:
        >>> str(Variant("csa", where="stage3", config={"reduction": 8}))
        'csa(reduction=8)@stage3'
        >>> str(Variant("eca") + Variant("csa", where="stage4"))
        'eca+csa@stage4'
    """

    key: Any
    where: str | None = None
    config: Mapping[str, Any] = field(default_factory=dict)
    start: str | None = None
    name: str = ""
    control: bool = False
    others: tuple[Variant, ...] = ()

    def __post_init__(self) -> None:
        """Checks every part, and turns a layer of the catalogue into its key and arguments."""
        if isinstance(self.key, keras.layers.Layer) and not isinstance(self.key, keras.Model):
            self._read_template(self.key)
        if isinstance(self.key, str):
            if self.key == GATE:
                self._check_gate()
            elif self.key != BASELINE:
                catalogue.describe(self.key)
            elif self.where or self.config or self.start or self.others or self.control:
                raise ValueError(
                    f"{BASELINE!r} is the network without attention: it takes no arguments, place "
                    "or start, and cannot be joined with other variants."
                )
        elif not callable(self.key):
            raise ValueError(
                "A variant must be a key of keras_attn.list_layers(), a layer class, a layer, or a "
                f"function that takes a model and returns one. Received: {self.key!r}."
            )
        elif self.changes_model and (self.where or self.config or self.start or self.others):
            raise ValueError(
                f"{self.label!r} is a function of the whole model, so it takes no place, arguments "
                "or start, and cannot be joined with other variants."
            )
        if self.start is not None:
            check_choice("start", self.start, STARTS)
        if self.where is not None and not PLACE.fullmatch(str(self.where)):
            raise ValueError(
                "`where` of a variant must be text without spaces, commas, parentheses and the "
                f"signs + : @. Received: where={self.where!r}."
            )
        object.__setattr__(self, "config", {name: plain(v) for name, v in self.config.items()})
        if not re.fullmatch(r"\w[\w.-]*", self.label):
            raise ValueError(
                f"A variant that is not a key needs a name of letters, digits, '_', '.' and '-': "
                f"Variant(..., name='mine'). Received: {self.label!r}."
            )
        str(self)  # raises if a value cannot be written

    def _check_gate(self) -> None:
        """Checks that an attention gate starts as published."""
        if self.start == "identity":
            raise ValueError(
                f"{GATE!r} starts as published only, because it has two inputs. Leave the start "
                "out."
            )

    def _read_template(self, layer: keras.layers.Layer) -> None:
        """Replaces a layer of the catalogue by its key and the arguments that are not defaults."""
        key = attention_name(layer)
        if key not in catalogue.list_layers():
            return
        default = catalogue.create(key).get_config()
        config = {
            name: value
            for name, value in layer.get_config().items()
            if name not in ("name", "dtype", "trainable", "data_format")
            and value != default.get(name)
        }
        try:
            config = {name: plain(value) for name, value in config.items()}
            for value in config.values():
                text_of(value)
        except ValueError:
            return  # it stays a template
        object.__setattr__(self, "key", key)
        object.__setattr__(self, "config", {**config, **self.config})

    @property
    def changes_model(self) -> bool:
        """Whether this is a function of the whole model."""
        return not isinstance(self.key, (str, type, keras.layers.Layer)) and callable(self.key)

    @property
    def label(self) -> str:
        """The key, or the name of anything that is not a key."""
        if isinstance(self.key, str):
            return self.key
        return self.name or (
            getattr(self.key, "__name__", "") if self.changes_model else attention_name(self.key)
        )

    @property
    def parts(self) -> tuple[Variant, ...]:
        """The parts, each by itself."""
        return (replace(self, others=(), control=False), *self.others)

    @property
    def topology(self) -> str:
        """The keys alone, as in the column `topology` of the results."""
        return MATCHED * self.control + "+".join(part.label for part in self.parts)

    @property
    def arguments(self) -> dict[str, Any]:
        """The arguments as the layer takes them.

        A variant among them is a gate for a key, whose text names it, and a layer for a class.
        """
        make = str if isinstance(self.key, str) else _created
        return {name: _with(make, value) for name, value in self.config.items()}

    @property
    def is_plain(self) -> bool:
        """Whether the text is the key alone."""
        return str(self) == self.label

    def __add__(self, other: Variant) -> Variant:
        """Both variants in one network."""
        return replace(self, others=(*self.others, *other.parts))

    def __str__(self) -> str:
        """The canonical text, which `keras_attn.study.grammar` reads."""
        config = ", ".join(f"{name}={text_of(self.config[name])}" for name in sorted(self.config))
        text = f"{self.label}({config})" if config else self.label
        text += f"@{self.where}" if self.where else ""
        text += f":{self.start}" if self.start else ""
        return MATCHED * self.control + "+".join([text, *map(str, self.others)])

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Variant) and str(self) == str(other)

    def __hash__(self) -> int:
        return hash(str(self))


def _with(make: Callable[[Variant], Any], value: Any) -> Any:
    """An argument, with `make` called on each variant in it."""
    if isinstance(value, Variant):
        return make(value)
    return [_with(make, each) for each in value] if isinstance(value, list) else value


def _created(variant: Variant) -> keras.layers.Layer:
    return catalogue.create(variant.key, **variant.config)


def plain(value: Any) -> Any:
    """A value in Python's own types, with lists for all sequences."""
    if isinstance(value, (np.ndarray, np.generic)):
        value = value.tolist()
    return [plain(each) for each in value] if isinstance(value, (list, tuple)) else value


def text_of(value: Any) -> str:
    """The text of an argument's value.

    Raises:
        ValueError: If it has none.
    """
    if isinstance(value, list):
        return f"[{','.join(map(text_of, value))}]"
    if isinstance(value, Variant) and value.parts == (value,) and not value.control:
        return str(value) if value.config else f"{value}()"
    if isinstance(value, str):
        return value if WORD.fullmatch(value) and value not in CONSTANTS else json.dumps(value)
    if value is None or isinstance(value, (bool, int)):
        return str(value)
    if isinstance(value, float) and math.isfinite(value):
        return repr(value)
    raise ValueError(
        "The arguments of a variant are numbers, words, lists of them, or variants. "
        f"Received: {value!r}."
    )
