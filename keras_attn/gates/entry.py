"""What is known of a gate: its class, formula, source and cost."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from keras_attn.arguments import constructor_arguments
from keras_attn.gates.count import Count
from keras_attn.gates.gate import Gate

#: The numbers of channels that parameters are shown for.
EXAMPLES = (64, 256, 512)


@dataclass(frozen=True)
class GateEntry:
    """A gate that a topology can have.

    Attributes:
        key: The key of the module that the gate comes from.
        kind: `"channel"` or `"spatial"`: which gate of a topology it can be.
        gate_class: The class.
        title: What people call it.
        formula: Of the gate, c(x) or s(x).
        source: Where it was published.
        count: Trainable parameters, from a `Count`.
        fixed: The arguments of the class that make it this gate.
        defaults: The defaults that are not those of the class.
        limits: What it cannot do, as in `keras_attn.catalogue.Entry`.
    """

    key: str
    kind: str
    gate_class: type[Gate]
    title: str
    formula: str
    source: str
    count: Callable[[Count], int] = field(repr=False)
    fixed: Mapping[str, Any] = field(default_factory=dict)
    defaults: Mapping[str, Any] = field(default_factory=dict)
    limits: Mapping[str, str] = field(default_factory=dict)

    @property
    def returns(self) -> str:
        """`"per channel"`, `"per position"` or `"per element"`: one number for each of these."""
        return self.gate_class.returns

    @property
    def default_config(self) -> dict[str, Any]:
        """The arguments that can be given, with their defaults."""
        parameters = constructor_arguments(self.gate_class).values()
        own = {
            each.name: each.default
            for each in parameters
            if each.kind is not each.VAR_KEYWORD and each.name not in self.fixed
        }
        return {**own, **self.defaults}

    def parameters(self, channels: int, spatial_axes: int = 2, **config: Any) -> int:
        """Trainable parameters for a map of so many channels.

        Args:
            channels: C, the channels of the map.
            spatial_axes: How many spatial axes the map has.
            **config: Arguments of the gate that are not its defaults.

        Raises:
            ValueError: If the gate cannot have so many channels.
        """
        config = {**self.fixed, **self.default_config, **config}
        return self.count(Count(channels, spatial_axes, config))

    def as_dict(self) -> dict[str, Any]:
        """What JSON can hold; `parameters` are those for 64, 256 and 512 channels."""
        return {
            "key": self.key,
            "kind": self.kind,
            "title": self.title,
            "formula": self.formula,
            "returns": self.returns,
            "source": self.source,
            "limits": dict(self.limits),
            "config": self.default_config,
            "parameters": {str(channels): self.parameters(channels) for channels in EXAMPLES},
        }

    def __str__(self) -> str:
        arguments = ", ".join(f"{name}={value!r}" for name, value in self.default_config.items())
        return (
            f"{self.key}({arguments}): the {self.kind} gate of {self.title}\n"
            f"  {self.formula}, one number {self.returns}\n"
            f"  {self.source}"
        )
