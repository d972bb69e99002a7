"""The one table of layers: tests, documentation, command line and guideline read it.

A row is all it takes to give a layer its key. The parameter counts are written out here, apart
from the layers, so that one checks the other.
"""

from __future__ import annotations

import difflib
import inspect
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from keras_attn import layers
from keras_attn.layers import AttentionLayer

STUDY = "arXiv:2601.07310"

#: The families of the study's topologies.
FAMILIES = ("basic", "sequential", "parallel", "residual", "multiscale")

#: Keys that name more than one published design, and the keys to use in their place.
AMBIGUOUS = {
    "scsa": {
        "scsa_topology": "spatial, channel, spatial attention (arXiv:2601.07310)",
        "scsa_synergistic": "spatial and channel synergistic attention (arXiv:2407.05128)",
    },
}


@dataclass(frozen=True)
class Count:
    """Counts the trainable parameters of a layer's gates on maps of `channels` channels."""

    channels: int
    axes: int
    config: dict[str, Any]

    def hidden(self, reduction: float) -> int:
        """Units of a bottleneck: h = max(8, floor(C / r))."""
        return max(8, int(self.channels // reduction))

    def channel(self, reduction: float | None = None) -> int:
        """A channel gate: 2 C h."""
        return 2 * self.channels * self.hidden(reduction or self.config["reduction"])

    def spatial(self, kernel_size: int | None = None) -> int:
        """A spatial gate: 2 k to the power of the spatial axes."""
        return 2 * (kernel_size or self.config["kernel_size"]) ** self.axes

    def mixing(self, branches: int) -> int:
        """A mixing gate, with biases: C h + h + n (h + 1)."""
        h = self.hidden(self.config["reduction"])
        return self.channels * h + h + branches * (h + 1)


@dataclass(frozen=True)
class Entry:
    """What the catalogue knows of one layer.

    Attributes:
        key: The name that `keras_attn.create` takes.
        layer_class: The class.
        family: One of `FAMILIES`, or `"published"`.
        title: The published acronym.
        formula: What it computes, on one line; c, s and g are the gates of CA, SA and GA.
        source: Where it was published.
        count: The trainable parameters, from a `Count`.
    """

    key: str
    layer_class: type[AttentionLayer]
    family: str
    title: str
    formula: str
    source: str
    count: Callable[[Count], int] = field(repr=False)

    @property
    def summary(self) -> str:
        """The first line of the class's docstring."""
        return (inspect.getdoc(self.layer_class) or "").partition("\n")[0]

    @property
    def spatial_ranks(self) -> tuple[int, ...]:
        """How many spatial axes the layer takes."""
        return self.layer_class.spatial_ranks

    @property
    def default_config(self) -> dict[str, Any]:
        """The arguments that are the layer's own, and their defaults."""
        config = self.layer_class().get_config()
        others = ("name", "dtype", "trainable", "data_format")
        return {name: value for name, value in config.items() if name not in others}

    def create(self, **config: Any) -> AttentionLayer:
        """A new layer."""
        return self.layer_class(**config)

    def parameters(self, channels: int, spatial_axes: int = 2, **config: Any) -> int:
        """How many trainable parameters the layer has.

        Args:
            channels: Channels of the map.
            spatial_axes: 1 for signals, 2 for images, 3 for volumes.
            **config: Arguments of the layer that differ from its defaults.
        """
        return self.count(Count(channels, spatial_axes, {**self.default_config, **config}))

    def as_dict(self) -> dict[str, Any]:
        """What JSON can hold; `parameters` are those for 64, 256 and 512 channels."""
        return {
            "key": self.key,
            "title": self.title,
            "family": self.family,
            "summary": self.summary,
            "formula": self.formula,
            "source": self.source,
            "class": f"keras_attn.layers.{self.layer_class.__name__}",
            "spatial_ranks": list(self.spatial_ranks),
            "config": self.default_config,
            "parameters": {str(c): self.parameters(c) for c in (64, 256, 512)},
        }

    def __str__(self) -> str:
        arguments = ", ".join(f"{name}={value!r}" for name, value in self.default_config.items())
        counts = ", ".join(f"{self.parameters(c):,} (C={c})" for c in (64, 256, 512))
        return (
            f"{self.key}: {self.summary}\n"
            f"  {self.formula}\n"
            f"  keras_attn.layers.{self.layer_class.__name__}({arguments})\n"
            f"  trainable parameters on images: {counts}\n"
            f"  {self.family}, {self.source}"
        )


_ENTRIES: dict[str, Entry] = {}


def register(entry: Entry) -> None:
    """Adds a row, and with it the layer to everything that reads the catalogue.

    Raises:
        ValueError: If the key is taken.
    """
    if entry.key in _ENTRIES or entry.key in AMBIGUOUS:
        raise ValueError(f"The key {entry.key!r} is taken; choose another.")
    _ENTRIES[entry.key] = entry


def list_layers() -> list[str]:
    """All keys, the 18 topologies first.

    Example:
        >>> import keras_attn
        >>> keras_attn.list_layers()[:3]
        ['ca', 'sa', 'csa']
    """
    return list(_ENTRIES)


def list_topologies() -> list[str]:
    """The keys of the 18 topologies of arXiv:2601.07310.

    Example:
        >>> import keras_attn
        >>> len(keras_attn.list_topologies())
        18
    """
    return [key for key, entry in _ENTRIES.items() if entry.family in FAMILIES]


def describe(key: str) -> Entry:
    """The catalogue's entry for a key: class, family, formula, source, parameter count.

    Args:
        key: One of `list_layers()`.

    Raises:
        ValueError: If there is no such key; the message names the nearest ones.

    Example:
        >>> import keras_attn
        >>> keras_attn.describe("csa").formula
        'y = x · c(x) · s(x c)'
        >>> keras_attn.describe("csa").parameters(channels=64)
        1122
    """
    if key in AMBIGUOUS:
        meanings = "; ".join(
            f"{name!r} is {meaning}" + ("" if name in _ENTRIES else ", which is not available yet")
            for name, meaning in AMBIGUOUS[key].items()
        )
        raise ValueError(f"{key!r} names two published designs: {meanings}. Use one of these keys.")
    if key not in _ENTRIES:
        near = difflib.get_close_matches(str(key).lower(), _ENTRIES, n=3, cutoff=0.5)
        hint = f" The nearest: {', '.join(near)}." if near else ""
        raise ValueError(
            f"There is no attention layer with the key {key!r}.{hint} "
            f"All keys: {', '.join(_ENTRIES)}."
        )
    return _ENTRIES[key]


def create(key: str, **config: Any) -> AttentionLayer:
    """A new attention layer.

    Args:
        key: One of `list_layers()`, such as `"csa"`.
        **config: Arguments of the layer's class, such as `reduction`, `kernel_size`,
            `data_format`, `name` and `dtype`.

    Returns:
        The layer; its channel count is read when it is first called.

    Raises:
        ValueError: If there is no such key (the message names the nearest), or an argument
            is unknown or out of its range.

    Example:
        >>> import keras_attn
        >>> keras_attn.create("csa", reduction=8).reduction
        8
    """
    return describe(key).create(**config)


for _row in (
    Entry(
        key="ca",
        layer_class=layers.CA,
        family="basic",
        title="CA",
        formula="y = x · c(x)",
        source=STUDY,
        count=lambda n: n.channel(),
    ),
    Entry(
        key="sa",
        layer_class=layers.SA,
        family="basic",
        title="SA",
        formula="y = x · s(x)",
        source=STUDY,
        count=lambda n: n.spatial(),
    ),
    Entry(
        key="csa",
        layer_class=layers.CSA,
        family="sequential",
        title="CSA",
        formula="y = x · c(x) · s(x c)",
        source=STUDY,
        count=lambda n: n.channel() + n.spatial(),
    ),
    Entry(
        key="sca",
        layer_class=layers.SCA,
        family="sequential",
        title="SCA",
        formula="y = x · s(x) · c(x s)",
        source=STUDY,
        count=lambda n: n.channel() + n.spatial(),
    ),
    Entry(
        key="csca",
        layer_class=layers.CSCA,
        family="sequential",
        title="CSCA",
        formula="y = x · c(x) · s(x c) · c'(x c s)",
        source=STUDY,
        count=lambda n: 2 * n.channel() + n.spatial(),
    ),
    Entry(
        key="scsa_topology",
        layer_class=layers.SCSATopology,
        family="sequential",
        title="SCSA",
        formula="y = x · s(x) · c(x s) · s'(x s c)",
        source=STUDY,
        count=lambda n: n.channel() + 2 * n.spatial(),
    ),
    Entry(
        key="csa2",
        layer_class=layers.CSA2,
        family="parallel",
        title="C&SA²",
        formula="y = x · (c(x) + s(x)) / 2",
        source=STUDY,
        count=lambda n: n.channel() + n.spatial(),
    ),
    Entry(
        key="csafa",
        layer_class=layers.CSAFA,
        family="parallel",
        title="C&SAFA",
        formula="y = x · (a c(x) + (1 - a) s(x)),   a = σ(γ)",
        source=STUDY,
        count=lambda n: n.channel() + n.spatial() + 1,
    ),
    Entry(
        key="bicsa",
        layer_class=layers.BiCSA,
        family="parallel",
        title="Bi-CSA",
        formula="y = x · (c(x) · s(x c) + s(x) · c(x s))",
        source=STUDY,
        count=lambda n: n.channel() + n.spatial(),
    ),
    Entry(
        key="bicsafa",
        layer_class=layers.BiCSAFA,
        family="parallel",
        title="Bi-CSAFA",
        formula="y = g · u + (1 - g) · x,   u = x · (c(x) · s(x c) + s(x) · c(x s)),   g = g(u)",
        source=STUDY,
        count=lambda n: 2 * n.channel() + n.spatial(),
    ),
    Entry(
        key="gcsa2",
        layer_class=layers.GCSA2,
        family="parallel",
        title="GC&SA²",
        formula="y = x · (w₁ c(x) + w₂ s(x)),   w = softmax(l₁, l₂)",
        source=STUDY,
        count=lambda n: n.channel() + n.spatial() + 2 * n.mixing(1),
    ),
    Entry(
        key="tgpfa",
        layer_class=layers.TGPFA,
        family="parallel",
        title="TGPFA",
        formula="y = x · (w₁ + w₂ c(x) + w₃ s(x)),   w = softmax(D₂ relu(D₁ mean x))",
        source=STUDY,
        count=lambda n: n.channel() + n.spatial() + n.mixing(3),
    ),
    Entry(
        key="rcsa",
        layer_class=layers.RCSA,
        family="residual",
        title="RCSA",
        formula="y = x + x · c(x) · s(x c)",
        source=STUDY,
        count=lambda n: n.channel() + n.spatial(),
    ),
    Entry(
        key="arcsa",
        layer_class=layers.ARCSA,
        family="residual",
        title="ARCSA",
        formula="y = (1 - b) x + b · x · c(x) · s(x c),   b = σ(β)",
        source=STUDY,
        count=lambda n: n.channel() + n.spatial() + 1,
    ),
    Entry(
        key="grcsa",
        layer_class=layers.GRCSA,
        family="residual",
        title="GRCSA",
        formula="y = (1 - g) x + g · x · c(x) · s(x c),   g = σ(D₂ relu(D₁ mean x))",
        source=STUDY,
        count=lambda n: n.channel() + n.spatial() + n.mixing(1),
    ),
    Entry(
        key="cmssa",
        layer_class=layers.CMSSA,
        family="multiscale",
        title="C-MSSA",
        formula="y = u · Σᵢ wᵢ sᵢ(u),   u = x · c(x),   w = softmax(D₂ relu(D₁ mean u))",
        source=STUDY,
        count=lambda n: (
            n.channel()
            + n.mixing(len(n.config["kernel_sizes"]))
            + sum(map(n.spatial, n.config["kernel_sizes"]))
        ),
    ),
    Entry(
        key="mscsa",
        layer_class=layers.MSCSA,
        family="multiscale",
        title="MSC-SA",
        formula="y = u · s(u),   u = x · Σᵢ wᵢ cᵢ(x),   w = softmax(D₂ relu(D₁ mean x))",
        source=STUDY,
        count=lambda n: (
            sum(map(n.channel, n.config["reductions"]))
            + n.mixing(len(n.config["reductions"]))
            + n.spatial()
        ),
    ),
    Entry(
        key="ccmssa",
        layer_class=layers.CCMSSA,
        family="multiscale",
        title="C-CMSSA",
        formula="y = S₃(S₅(S₇(x · c(x)))),   Sₖ(u) = u · sₖ(u)",
        source=STUDY,
        count=lambda n: n.channel() + sum(map(n.spatial, n.config["kernel_sizes"])),
    ),
    Entry(
        key="ga",
        layer_class=layers.GA,
        family="published",
        title="GA",
        formula="y = x · g(x)",
        source=STUDY,
        count=lambda n: n.channel(),
    ),
):
    register(_row)
