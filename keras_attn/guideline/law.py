"""The guideline of arXiv:2601.07310: data scale and granularity -> topology.

This file states each of the paper's claims about choosing a topology once, as data.
"""

from __future__ import annotations

from dataclasses import dataclass

SOURCE = "arXiv:2601.07310"

#: What the claims rest on, and what is not known about them.
EVIDENCE = (
    "One paper (arXiv:2601.07310): CIFAR-10, CIFAR-100 and nine MedMNIST sets, image "
    "classification only. Its published code names no seeds and no tests of significance."
)


@dataclass(frozen=True)
class Claim:
    """One claim of the paper.

    Attributes:
        name: What the claim is about.
        sentence: The sentence of the paper's abstract, verbatim.
        topologies: Keys of the topologies that the sentence describes, best match first.
        reading: Why these topologies match the sentence.
    """

    name: str
    sentence: str
    topologies: tuple[str, ...]
    reading: str


@dataclass(frozen=True)
class Regime(Claim):
    """A claim about data sets with `first` to `last` training samples, inclusive."""

    first: int
    last: int | None

    def holds(self, num_samples: int) -> bool:
        """Whether a data set of this size belongs to the regime."""
        return self.first <= num_samples and (self.last is None or num_samples <= self.last)


REGIMES = (
    Regime(
        name="few-shot",
        sentence=(
            "in few-shot tasks, the ‘Channel-Multi-scale Spatial’ cascaded structure achieves "
            "optimal performance"
        ),
        topologies=("cmssa", "ccmssa"),
        reading=(
            "C-MSSA applies channel attention, then a weighted sum of spatial attention at three "
            "scales. C-CMSSA, which applies the scales one after another, also matches the claim."
        ),
        first=1,
        last=999,
    ),
    Regime(
        name="medium-scale",
        sentence=(
            "in medium-scale tasks, parallel learnable fusion architectures demonstrate superior "
            "results"
        ),
        topologies=("csafa", "bicsafa"),
        reading=(
            "C&SAFA learns one fusion weight for its two branches; the fusion gate of Bi-CSAFA has "
            "one weight per channel."
        ),
        first=1_000,
        last=50_000,
    ),
    Regime(
        name="large-scale",
        sentence=(
            "in large-scale tasks, parallel structures with dynamic gating yield the best "
            "performance"
        ),
        topologies=("gcsa2", "tgpfa"),
        reading=(
            "GC&SA² computes the weights of its two branches for each sample. TGPFA does the same "
            "for two branches and the identity."
        ),
        first=50_001,
        last=None,
    ),
)

FINE_GRAINED = Claim(
    name="fine-grained",
    sentence=(
        "the ‘Spatial-Channel’ order is more stable and effective for fine-grained classification"
    ),
    topologies=("sca",),
    reading="SCA applies spatial attention, then channel attention, and nothing else.",
)

RESIDUAL = Claim(
    name="residual",
    sentence=(
        "residual connections mitigate vanishing gradient problems across varying data scales"
    ),
    topologies=("rcsa", "arcsa", "grcsa"),
    reading=(
        "These three topologies have an identity path: RCSA adds the input, ARCSA blends it in "
        "with a learned weight, and GRCSA with a weight computed for each sample."
    ),
)


def regime_of(num_samples: int) -> Regime:
    """The regime of a data set with this many training samples."""
    return next(regime for regime in REGIMES if regime.holds(num_samples))
