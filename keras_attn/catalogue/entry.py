"""A row of the catalogue: what it knows of one layer.

The parameter counts are written out in the rows, apart from the layers, so that one checks the
other.
"""

from __future__ import annotations

import inspect
import re
import textwrap
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from keras_attn.arguments import constructor_arguments
from keras_attn.catalogue.count import Count
from keras_attn.gates.entry import EXAMPLES
from keras_attn.layers import AttentionLayer

#: The families of the study's topologies.
FAMILIES = ("basic", "sequential", "parallel", "residual", "multiscale")

#: What a layer of the catalogue may declare that it cannot do, in `Entry.limits`.
LIMITS = {
    "spatial_axes": "take signals or volumes",
    "mask": "leave out the positions that a mask marks as padding",
    "gain": "give its output as x times a gain",
    "single_output": "return only the attended map",
    "every_bias_learns": "train every bias",
}


@dataclass(frozen=True)
class Entry:
    """What the catalogue knows of one layer.

    Attributes:
        key: The name that `keras_attn.create` takes.
        layer_class: The class.
        family: One of `FAMILIES`, or `"published"`.
        title: The published acronym.
        formula: What it computes, on one line; c, s and g are the gates of CA, SA and GA, unless
            it says otherwise.
        source: Where it was published.
        count: The trainable parameters, from a `Count`.
        limits: What the layer cannot do, of `LIMITS`, and why.
        sample: Values for arguments that have no default, and for those whose default wants
            larger maps than the contract's.
        placement: Where its authors put it in a network, one of `surgery.points.PLACES`; None
            where that is not known here.
        config: The arguments of a combination, such as its gates.
        ranks: The spatial axes that a combination takes; those of the class if None.
        base: The entry that a combination is made from.
    """

    key: str
    layer_class: type[AttentionLayer]
    family: str
    title: str
    formula: str
    source: str
    count: Callable[[Count], int] = field(repr=False)
    limits: Mapping[str, str] = field(default_factory=dict)
    sample: Mapping[str, Any] = field(default_factory=dict)
    placement: str | None = None
    config: Mapping[str, Any] = field(default_factory=dict)
    ranks: tuple[int, ...] | None = None
    base: Entry | None = None

    @property
    def summary(self) -> str:
        """The first line of the class's docstring."""
        return (inspect.getdoc(self.layer_class) or "").partition("\n")[0]

    @property
    def spatial_ranks(self) -> tuple[int, ...]:
        """How many spatial axes the layer takes."""
        return self.ranks or self.layer_class.spatial_ranks

    @property
    def fidelity(self) -> str:
        """Where paper and published code differ and which is followed; a section of the docstring.

        Empty where there is no such section.
        """
        text = inspect.getdoc(self.layer_class) or ""
        section = re.search(r"^Fidelity:\n((?:    .*\n|\n)+)", text + "\n", re.MULTILINE)
        return textwrap.dedent(section.group(1)).strip() if section else ""

    @property
    def default_config(self) -> dict[str, Any]:
        """The arguments that are the layer's own: their defaults, or sample values."""
        parameters = constructor_arguments(self.layer_class).values()
        defaults = {
            each.name: self.sample[each.name] if each.default is each.empty else each.default
            for each in parameters
            if each.kind is not each.VAR_KEYWORD
        }
        return {**defaults, **self.config}

    def create(self, **config: Any) -> AttentionLayer:
        """A new layer."""
        return self.layer_class(**{**self.config, **config})

    def parameters(self, channels: int, spatial_axes: int = 2, **config: Any) -> int:
        """How many trainable parameters the layer has.

        Args:
            channels: Channels of the map.
            spatial_axes: 1 for signals, 2 for images, 3 for volumes.
            **config: Arguments of the layer that differ from its defaults.

        Raises:
            ValueError: If the layer does not take so many channels.
        """
        return self.count(Count(channels, spatial_axes, {**self.default_config, **config}))

    def parameters_or_none(self, channels: int) -> int | None:
        """How many trainable parameters on images, None where it takes no such maps."""
        try:
            return self.parameters(channels)
        except ValueError:
            return None

    def as_dict(self) -> dict[str, Any]:
        """What JSON can hold; `parameters` are those for 64, 256 and 512 channels.

        They are None for maps that the layer does not take with its defaults.
        """
        return {
            "key": self.key,
            "title": self.title,
            "family": self.family,
            "summary": self.summary,
            "formula": self.formula,
            "source": self.source,
            "class": f"keras_attn.layers.{self.layer_class.__name__}",
            "spatial_ranks": list(self.spatial_ranks),
            "limits": dict(self.limits),
            "fidelity": self.fidelity,
            "config": self.default_config,
            "placement": self.placement,
            "parameters": {str(c): self.parameters_or_none(c) for c in EXAMPLES},
        }

    def __str__(self) -> str:
        arguments = ", ".join(f"{name}={value!r}" for name, value in self.default_config.items())
        counts = ", ".join(
            f"{count:,} (C={c})"
            for c in EXAMPLES
            if (count := self.parameters_or_none(c)) is not None
        )
        return (
            f"{self.key}: {self.summary}\n"
            f"  {self.formula}\n"
            f"  keras_attn.layers.{self.layer_class.__name__}({arguments})\n"
            f"  trainable parameters on images: {counts}\n"
            f"  {self.family}, {self.source}"
        )
