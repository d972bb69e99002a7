"""The trials of a study: groups, the key of one trial, and the grid of them all."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

#: Names of image sets that end like the suffixes which file names get here.
LIKE_OURS = re.compile(r"-(\d+|matched)$")


class Group(NamedTuple):
    """The trials that are compared with each other: one image set at one training size.

    Attributes:
        dataset: Name of the image set.
        samples: Training images of the subset; None for all.
    """

    dataset: str
    samples: int | None = None

    @property
    def name(self) -> str:
        """A unique name for files."""
        text = self.dataset if self.samples is None else f"{self.dataset}-{self.samples}"
        safe = re.sub(r"[^\w.-]+", "_", text, flags=re.ASCII).strip(".")[:80]
        if safe == text and not LIKE_OURS.search(self.dataset):
            return safe
        return f"{safe}-{hashlib.sha256(text.encode()).hexdigest()[:8]}"

    def __str__(self) -> str:
        return self.dataset if self.samples is None else f"{self.dataset}, {self.samples:,} images"


class TrialKey(NamedTuple):
    """Identifies a trial within its study."""

    dataset: str
    samples: int | None
    topology: str
    seed: int

    @property
    def group(self) -> Group:
        """The trials that it is compared with."""
        return Group(self.dataset, self.samples)

    @property
    def name(self) -> str:
        """A unique name for files."""
        return f"{self.group.name}-{_file_name(self.topology)}-{self.seed}"

    def __str__(self) -> str:
        return f"{self.group}, {self.topology}, seed {self.seed}"


@dataclass(frozen=True)
class Grid:
    """The trials of a study: every combination of group, topology and seed.

    Attributes:
        groups: Image sets at their training sizes.
        topologies: Keys, `"none"` first.
        seeds: Numbers.
    """

    groups: tuple[Group, ...]
    topologies: tuple[str, ...]
    seeds: tuple[int, ...]

    @property
    def conditions(self) -> list[tuple[Group, str]]:
        """The combinations of group and topology; all seeds of one share a compiled network."""
        return [(group, topology) for group in self.groups for topology in self.topologies]

    def trials(self) -> Iterator[TrialKey]:
        """Every trial, in the order in which one process runs them."""
        for group, topology in self.conditions:
            for seed in self.seeds:
                yield TrialKey(*group, topology, seed)

    def __len__(self) -> int:
        return len(self.groups) * len(self.topologies) * len(self.seeds)


def _file_name(text: str) -> str:
    """A text in which a file system finds nothing special; a key stays as it is."""
    safe = re.sub(r"[^\w.-]+", "_", text, flags=re.ASCII)[:80]
    return safe if safe == text else f"{safe}-{hashlib.sha256(text.encode()).hexdigest()[:8]}"
