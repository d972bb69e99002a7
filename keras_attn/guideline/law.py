"""The law of arXiv:2601.07310: data scale and granularity -> topology.

Everything the paper claims about choosing a topology is written here once, as data.
"""

from __future__ import annotations

from dataclasses import dataclass

SOURCE = "arXiv:2601.07310"

#: What the claims rest on, and what is not known of them.
EVIDENCE = (
    "One paper (arXiv:2601.07310): CIFAR-10, CIFAR-100 and nine MedMNIST sets, image "
    "classification only. Its published code names no seeds and no tests of significance."
)


@dataclass(frozen=True)
class Claim:
    """One claim of the paper.

    Attributes:
        name: What it is about.
        sentence: The paper's words (from its abstract).
        topologies: The keys that fit the words, the one we read them as first.
        reading: How we came from the words to the keys.
    """

    name: str
    sentence: str
    topologies: tuple[str, ...]
    reading: str


@dataclass(frozen=True)
class Regime(Claim):
    """A claim for data sets of `first` to `last` training samples, both included."""

    first: int
    last: int | None

    def holds(self, num_samples: int) -> bool:
        """Whether a data set of this size is in the regime."""
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
            "C-MSSA is channel attention followed by weighed spatial attention at three scales; "
            "C-CMSSA, where the scales follow each other, fits the words too."
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
        reading="C&SAFA learns one share for its two branches; Bi-CSAFA one a channel.",
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
        reading="GC&SA² weighs its two branches for each sample, TGPFA its two and the identity.",
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
    reading="SCA is spatial before channel attention and nothing else.",
)

RESIDUAL = Claim(
    name="residual",
    sentence=(
        "residual connections mitigate vanishing gradient problems across varying data scales"
    ),
    topologies=("rcsa", "arcsa", "grcsa"),
    reading="The three topologies with an identity path, from a plain sum to one weighed a sample.",
)


def regime_of(num_samples: int) -> Regime:
    """The regime of a data set with this many training samples."""
    return next(regime for regime in REGIMES if regime.holds(num_samples))
