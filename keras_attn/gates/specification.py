"""How a topology is told which gates it has: by name with arguments, or as a user's own gate."""

from __future__ import annotations

import ast
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import keras

from keras_attn.arguments import constructor_arguments
from keras_attn.gates.entry import GateEntry
from keras_attn.gates.gate import Gate
from keras_attn.gates.lookup import describe_gate, list_gates
from keras_attn.gates.table import CHANNEL, SPATIAL

FORM = "The form is KEY or KEY(argument=value, ...), such as eca(kernel_size=5)."


@dataclass(frozen=True)
class GateSpecification:
    """A gate that a topology makes, once for each place that it has in the formula.

    Attributes:
        kind: `"channel"` or `"spatial"`.
        entry: The row of the table; None for a gate of the user's own.
        config: Its arguments.
        gate_class: Its class.
    """

    kind: str
    entry: GateEntry | None
    gate_class: type[Gate]
    config: Mapping[str, Any] = field(default_factory=dict)

    @property
    def key(self) -> str:
        """The key, or the name of the class."""
        return self.entry.key if self.entry else self.gate_class.__name__

    @property
    def own_key(self) -> str:
        """The key of the study's own gate of this kind."""
        return {"channel": CHANNEL, "spatial": SPATIAL}[self.kind]

    @property
    def is_own(self) -> bool:
        """Whether it is the study's own gate, which takes the arguments of the topology."""
        return self.entry is not None and self.key == self.own_key

    def arguments(self, **defaults: Any) -> dict[str, Any]:
        """The arguments of the class, given those that hold where none are specified.

        Defaults that the gate does not take are left out.
        """
        names = constructor_arguments(self.gate_class)
        fixed, own = (self.entry.fixed, self.entry.defaults) if self.entry else ({}, {})
        taken = {n: v for n, v in defaults.items() if n in names and n not in fixed}
        return {**own, **taken, **self.config, **fixed}

    def parameters(self, channels: int, spatial_axes: int, **defaults: Any) -> int:
        """Trainable parameters for a map of so many channels."""
        if self.entry:
            config = self.arguments(**defaults)
            free = {name: v for name, v in config.items() if name not in self.entry.fixed}
            return self.entry.parameters(channels, spatial_axes, **free)
        gate = self.gate_class(data_format="channels_last", **self.arguments(**defaults))
        gate.build((None, *(None,) * spatial_axes, channels))
        return sum(weight.size for weight in gate.trainable_weights)

    @property
    def title(self) -> str:
        """What people call the gate."""
        return self.entry.title if self.entry else self.gate_class.__name__

    @property
    def serialized(self) -> str | dict[str, Any]:
        """What `specification` reads again: a text, or Keras's description of the user's gate."""
        if not self.entry:
            gate = self.gate_class(data_format="channels_last", **self.config)
            return keras.saving.serialize_keras_object(gate)
        given = ", ".join(f"{name}={_text_of(value)}" for name, value in self.config.items())
        return f"{self.entry.key}({given})" if given else self.entry.key


def specification(kind: str, given: Any) -> GateSpecification:
    """What a user means by the argument `channel` or `spatial` of a topology.

    Args:
        kind: The name of the argument.
        given: A key, with arguments in parentheses or without; a mapping with `"key"` and the
            arguments; a gate or its class; or what Keras has serialised of a gate.

    Raises:
        ValueError: If it is none of these, there is no such gate, it does not take an argument, or
            it lacks a method.
    """
    if isinstance(given, GateSpecification):
        return given
    if isinstance(given, Mapping) and "class_name" in given:
        given = keras.saving.deserialize_keras_object(dict(given))
    if isinstance(given, str):
        return _named(kind, *_parsed(kind, given))
    if isinstance(given, Mapping) and isinstance(given.get("key"), str):
        config = dict(given)
        return _named(kind, config.pop("key"), config)
    if isinstance(given, Gate):
        config = given.get_config()
        for name in ("name", "dtype", "trainable", "data_format"):
            config.pop(name, None)
        return GateSpecification(kind, None, _checked_class(kind, type(given)), config)
    if isinstance(given, type) and issubclass(given, Gate):
        return GateSpecification(kind, None, _checked_class(kind, given))
    raise ValueError(
        f"`{kind}` must be the key of a gate, with arguments in parentheses or without, or a gate "
        f"(a `keras_attn.gates.Gate` or its class). Received: {kind}={given!r}. "
        f"All {kind} gates: {', '.join(list_gates(kind))}."
    )


def _named(kind: str, key: str, config: dict[str, Any]) -> GateSpecification:
    entry = describe_gate(key, kind)
    unknown = [name for name in config if name not in entry.default_config]
    if unknown:
        known = ", ".join(entry.default_config) or "none"
        raise ValueError(
            f"The {kind} gate {key!r} does not take the argument {unknown[0]!r}. Its arguments: "
            f"{known}."
        )
    return GateSpecification(kind, entry, entry.gate_class, config)


def _parsed(kind: str, text: str) -> tuple[str, dict[str, Any]]:
    """The key and the arguments of a text."""
    try:
        tree = ast.parse(text.strip(), mode="eval").body
        if isinstance(tree, ast.Name):
            return tree.id, {}
        if isinstance(tree, ast.Call) and isinstance(tree.func, ast.Name) and not tree.args:
            return tree.func.id, {str(each.arg): _value(each.value) for each in tree.keywords}
    except (SyntaxError, ValueError):
        pass
    raise ValueError(
        f"`{kind}` cannot be read. Received: {kind}={text!r}. {FORM} "
        f"All {kind} gates: {', '.join(list_gates(kind))}."
    )


def _value(tree: ast.expr) -> Any:
    """A number, a word, or a list of them."""
    if isinstance(tree, ast.Name):
        return {"true": True, "false": False}.get(tree.id, tree.id)
    if isinstance(tree, (ast.List, ast.Tuple)):
        return [_value(each) for each in tree.elts]
    return ast.literal_eval(tree)


def _text_of(value: Any) -> str:
    if isinstance(value, str) and value.isidentifier():
        return value
    if isinstance(value, (list, tuple)):
        return f"[{', '.join(map(_text_of, value))}]"
    return repr(value)


def _checked_class(kind: str, gate_class: type[Gate]) -> type[Gate]:
    if gate_class.from_map is Gate.from_map and gate_class.call is Gate.call:
        raise ValueError(
            f"{gate_class.__name__} must define `from_map(self, x)`, which returns numbers that "
            f"broadcast against the map x. Named {kind} gates: {', '.join(list_gates(kind))}."
        )
    return gate_class
