"""The plan of a study: image sets, training sizes, topologies and seeds, all trained alike."""

from __future__ import annotations

import hashlib
import platform
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from importlib import import_module
from numbers import Integral
from typing import Any, NamedTuple

import keras
import numpy as np

from keras_attn.checks import check_whole_number
from keras_attn.data.dataset import Dataset
from keras_attn.data.subsets import subset
from keras_attn.guideline import recommend_for
from keras_attn.study.backbone import check_backbone
from keras_attn.study.configuration import TrainingConfig
from keras_attn.study.control import BASELINE, MATCHED, check_topology, largest, matched_to
from keras_attn.study.facts import Facts
from keras_attn.study.fit import check_fit, unmatched
from keras_attn.study.heads import task_head
from keras_attn.study.question import HEADLINE, Question, ask
from keras_attn.version import __version__

#: Names of image sets that end like the suffixes which file names get here.
LIKE_OURS = re.compile(r"-(\d+|matched)$")

#: The topology that most people know, as the attention of CBAM.
USUAL = "csa"

#: How initial weights are drawn. It changes whenever the same seed gives other initial weights,
#: so that trials of both kinds are never mixed in one study.
INITIAL_WEIGHTS = "by seed and layer name"


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
        return f"{self.group.name}-{self.topology}-{self.seed}"

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


@dataclass(frozen=True)
class Plan:
    """Everything that defines a study.

    Attributes:
        datasets: The whole image sets, by name.
        grid: The trials.
        backbone: Which residual network.
        config: How every trial is trained.
        notes: What the reader of the results should know about the plan.
        question: The metric and the margin that the verdicts are about.
    """

    datasets: dict[str, Dataset]
    grid: Grid
    backbone: str
    config: TrainingConfig
    notes: tuple[str, ...] = ()
    question: Question = field(default_factory=Question)

    def data(self, group: Group) -> Dataset:
        """The images of a group."""
        if group not in self._subsets:
            whole = self.datasets[group.dataset]
            self._subsets[group] = whole if group.samples is None else subset(whole, group.samples)
        return self._subsets[group]

    def facts(self, name: str) -> Facts:
        """What results and reports say about an image set."""
        if name not in self._facts:
            self._facts[name] = Facts.of(self.datasets[name])
        return self._facts[name]

    @cached_property
    def _facts(self) -> dict[str, Facts]:
        return {}

    def versions(self) -> dict[str, str]:
        """The versions that the trials are trained with."""
        return versions()

    def train_samples(self, group: Group) -> int:
        """The number of training images of a group."""
        return len(self.data(group).train.images)

    @cached_property
    def _subsets(self) -> dict[Group, Dataset]:
        return {}

    def configuration(self) -> dict[str, Any]:
        """Everything that must stay the same while a folder holds trials, for JSON."""
        return {
            "backbone": self.backbone,
            **self.config.as_dict(),
            **self.question.as_dict(),
            "initial_weights": INITIAL_WEIGHTS,
            **self.versions(),
            "images": {name: fingerprint(data) for name, data in self.datasets.items()},
        }


def make_plan(
    datasets: Sequence[Dataset],
    topologies: Sequence[str] | None,
    seeds: int | Sequence[int],
    samples: int | Sequence[int] | None,
    backbone: str,
    config: TrainingConfig,
    headline: str = HEADLINE,
    margin: float | None = None,
) -> Plan:
    """The plan, after everything in it was checked and every network was constructed once.

    Args:
        datasets: The image sets.
        topologies: Keys; if None, `"csa"` and the two that the guideline recommends first for
            each of the groups. The network without attention is always added in front, and a
            plain network with the same number of parameters as the largest topology at the end,
            if there is one that matches within 5 %.
        seeds: How many, counted from 0, or which.
        samples: Training sizes; None for all images.
        backbone: Which residual network.
        config: How every trial is trained.
        headline: The metric that the verdicts are about.
        margin: The smallest difference in it that matters; if None, 0.01 for metrics between 0
            and 1.

    Raises:
        ValueError: If an argument is not valid, or topologies do not fit the network.
    """
    numbers = check_seeds(seeds)
    check_backbone(backbone)
    if topologies is not None:
        check_topologies(topologies)
    by_name = {dataset.name: dataset for dataset in datasets}
    question = ask(headline, margin, common_metrics(datasets))
    if len(by_name) < len(datasets):
        raise ValueError(
            "Two image sets of one study have the same name. Received: "
            f"{', '.join(dataset.name for dataset in datasets)}. Give one of them another `name`."
        )
    sizes = (None,) if samples is None else check_samples(samples)
    groups = tuple(Group(name, size) for name in by_name for size in sizes)
    plan = Plan(by_name, Grid(groups, (BASELINE,), numbers), backbone, config)
    parts = [plan.data(group) for group in groups]
    if topologies is None:
        topologies = [key for part in parts for key in default_topologies(part)]
    keys = tuple(dict.fromkeys((BASELINE, *topologies)))
    notes: tuple[str, ...] = ()
    if (key := largest(keys)) is not None and not any(map(matched_to, keys)):
        keys = (*keys, MATCHED + key)
    parameters = check_fit(datasets, keys, backbone)
    for control in [key for key in keys if matched_to(key) is not None]:
        if reason := unmatched(control, parameters):
            if control in topologies:
                raise ValueError(f"{reason} Leave {control!r} out.")
            keys, notes = keys[:-1], (reason,)
    return Plan(by_name, Grid(groups, keys, numbers), backbone, config, notes, question)


def common_metrics(datasets: Sequence[Dataset]) -> list[str]:
    """The metrics that the tasks of all image sets have."""
    names = [task_head(data.task, len(data.class_names)).metric_names for data in datasets]
    return [name for name in names[0] if all(name in each for each in names)]


def check_topologies(topologies: Sequence[str]) -> None:
    """Checks that there is at least one topology, and that all are known.

    Raises:
        ValueError: If there is none, or a key is not in the catalogue.
    """
    if not topologies:
        raise ValueError(
            "`topologies` is empty: name at least one key of `keras_attn.list_layers()`, "
            f"or {BASELINE!r} for the network without attention alone."
        )
    for key in topologies:
        check_topology(key)


def default_topologies(dataset: Dataset) -> tuple[str, ...]:
    """The best-known topology, and the two that the guideline recommends first for the set."""
    recommendation = recommend_for(dataset)
    return USUAL, recommendation.topology, *recommendation.alternatives[:1]


def check_seeds(seeds: int | Sequence[int]) -> tuple[int, ...]:
    """The seeds, each once.

    Raises:
        ValueError: If there is none, or one is not a whole number of at least 0.
    """
    if not isinstance(seeds, Iterable):
        return tuple(range(check_whole_number("seeds", seeds, 1)))
    numbers = tuple(dict.fromkeys(check_whole_number("seed", seed, 0) for seed in seeds))
    if not numbers:
        raise ValueError("`seeds` is empty: give their number, or at least one seed.")
    return numbers


def check_samples(samples: int | Sequence[int]) -> tuple[int, ...]:
    """The training sizes, each once.

    Raises:
        ValueError: If there is none, or one is not a whole number of at least 1.
    """
    several = (samples,) if isinstance(samples, Integral) else samples
    if not isinstance(several, Iterable):
        several = (several,)
    sizes = tuple(dict.fromkeys(check_whole_number("samples", size, 1) for size in several))
    if not sizes:
        raise ValueError("`samples` is empty: give at least one size, or None for all images.")
    return sizes


def versions() -> dict[str, str]:
    """The versions of everything that the results depend on."""
    backend = keras.backend.backend()
    module = import_module(backend)  # Keras names its backends after their packages
    return {
        "backend": f"{backend} {getattr(module, '__version__', 'of unknown version')}",
        "keras": keras.__version__,
        "keras_attn": __version__,
        "numpy": np.__version__,
        "python": platform.python_version(),
    }


def fingerprint(dataset: Dataset) -> str:
    """A digest of all images and labels, and of the names of the classes."""
    digest = hashlib.sha256(repr((dataset.task, dataset.class_names)).encode())
    for split in (dataset.train, dataset.val, dataset.test):
        for array in split:
            digest.update(repr((array.shape, array.dtype.str)).encode())
            digest.update(array.tobytes())
    return digest.hexdigest()[:16]
