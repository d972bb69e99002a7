"""The plan of a study: image sets, training sizes, topologies and seeds, all trained alike."""

from __future__ import annotations

import hashlib
import platform
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from importlib import import_module
from typing import Any

import keras
import numpy as np

from keras_attn.data.dataset import Dataset
from keras_attn.data.folds import fold
from keras_attn.data.stored import CHUNK
from keras_attn.data.subsets import subset
from keras_attn.study.built_in import RESIDUAL, check_network
from keras_attn.study.choices import (
    LOOKS,
    check_folds,
    check_samples,
    check_seeds,
    default_topologies,
)
from keras_attn.study.control import largest, matched_to
from keras_attn.study.facts import Facts
from keras_attn.study.fit import check_fit, unmatched
from keras_attn.study.grammar import as_variants, named
from keras_attn.study.grid import Grid, Group
from keras_attn.study.models import GivenModel, Network
from keras_attn.study.protocols import find_protocol
from keras_attn.study.question import Question, ask
from keras_attn.study.training import Training
from keras_attn.study.training_checks import check_training
from keras_attn.study.variants import BASELINE, MATCHED, Variant
from keras_attn.tasks.create import learning_task
from keras_attn.version import __version__

#: How many folds and subsets are kept in memory.
MOST_KEPT = 16

#: What the reader should know about the splits of a cross-validation.
FOLDS = (
    "The images of all splits were cross-validated in {folds} folds, stratified by class and by "
    "group: each fold is the test split in turn, the next one the validation split."
)

#: How initial weights are drawn. It changes whenever the same seed gives other initial weights,
#: so that trials of both kinds are never mixed in one study.
INITIAL_WEIGHTS = "by seed and layer name"


@dataclass(frozen=True)
class Plan:
    """Everything that defines a study.

    Attributes:
        datasets: The whole image sets, by name.
        grid: The trials.
        backbone: The name of the network.
        config: How every trial is trained.
        notes: What the reader of the results should know about the plan.
        question: The metric and the margin that the verdicts are about.
        given: The model, if it is not a built-in network.
        variants: The variants that a user gave, by their texts.
    """

    datasets: dict[str, Dataset]
    grid: Grid
    backbone: str
    config: Training
    notes: tuple[str, ...] = ()
    question: Question = field(default_factory=Question)
    given: GivenModel | None = None
    variants: dict[str, Variant] = field(default_factory=dict)

    @property
    def network(self) -> Network:
        """What `build_variant` takes."""
        return self.backbone if self.given is None else self.given

    @property
    def network_text(self) -> str:
        """The network and the usual place of attention, in words."""
        places = any("@" in text for text in self.grid.topologies)
        unless = " unless the variant names a place" if places else ""
        place = "block's branch" if self.backbone in RESIDUAL else "stage"
        return f"{self.backbone}, attention at the end of every {place}{unless}"

    def variant(self, text: str) -> Variant:
        """The variant or control with a text."""
        return named(text, self.variants)

    def topology(self, text: str) -> str:
        """The keys of a variant alone."""
        return self.variant(text).topology

    def data(self, group: Group, seed: int = 0) -> Dataset:
        """The images of a group; in a cross-validation, those of the fold that a seed tests."""
        folds = self.question.folds
        place = divmod(seed, folds) if folds else (0, 0)
        if (group, place) not in self._subsets:
            if len(self._subsets) > MOST_KEPT:
                self._subsets.clear()
            whole = self.datasets[group.dataset]
            if folds:
                whole = fold(whole, place[1], folds, place[0])
            found = whole if group.samples is None else subset(whole, group.samples)
            self._subsets[group, place] = found
        return self._subsets[group, place]

    def facts(self, name: str) -> Facts:
        """What results and reports say about an image set."""
        if name not in self._facts:
            images = self.data(Group(name)) if self.question.folds else self.datasets[name]
            self._facts[name] = Facts.of(images)
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
    def _subsets(self) -> dict[tuple[Group, tuple[int, int]], Dataset]:
        return {}

    def configuration(self) -> dict[str, Any]:
        """Everything that must stay the same while a folder holds trials, for JSON."""
        return {
            "backbone": self.backbone,
            **self.config.as_dict(),
            **self.question.as_dict(),
            **self._initial_weights(),
            **self.versions(),
            "images": {name: fingerprint(data) for name, data in self.datasets.items()},
        }

    def _initial_weights(self) -> dict[str, str]:
        """How the first weights are found."""
        if self.given is None:
            return {"initial_weights": INITIAL_WEIGHTS}
        kinds = {kind_of(data) for data in self.datasets.values()}
        prints = sorted(self.given.fingerprint(*kind) for kind in kinds)
        return {"initial_weights": "by seed and layer order", "model": ", ".join(prints)}


def make_plan(
    datasets: Sequence[Dataset],
    variants: Sequence[Any] | str | None,
    seeds: int | str | Sequence[int],
    samples: int | Sequence[int] | None,
    network: Network,
    config: Training,
    notes: tuple[str, ...] = (),
    headline: str | None = None,
    margin: float | None = None,
    folds: int | None = None,
) -> Plan:
    """The plan, after everything in it was checked and every network was constructed once.

    Args:
        datasets: The image sets.
        variants: As for `keras_attn.study.grammar.as_variants`; if None, `"csa"` and the two
            that the guideline recommends first for each of the groups. The network without
            attention is always added in front, and a plain network with the same number of
            parameters as the largest variant at the end, if there is one that matches within 5 %.
        seeds: How many, counted from 0, or which; `"auto"` for those of the first look.
        samples: Training sizes; None for all images.
        network: What `keras_attn.study.models.read_model` returned.
        config: How every trial is trained.
        notes: What is known already that the reader of the results should know.
        headline: The metric that the verdicts are about; None for the usual one of the task.
        margin: The smallest difference in it that matters; if None, 0.01 for metrics between 0
            and 1.
        folds: How many folds the images are cross-validated in; None for the splits of the set.

    Raises:
        ValueError: If an argument is not valid, or variants do not fit the network.
    """
    numbers = check_seeds(seeds)
    if isinstance(network, str):
        for dataset in datasets:
            check_network(network, dataset.task)
    chosen = None if variants is None else as_variants(variants)
    by_name = {dataset.name: dataset for dataset in datasets}
    usual = learning_task(datasets[0].task, len(datasets[0].class_names)).headline
    question = ask(headline, margin, common_metrics(datasets), usual)
    if isinstance(seeds, str):
        question = replace(question, looks=len(LOOKS))
    if folds is not None:
        question = replace(question, folds=check_folds(folds, seeds, numbers))
        notes = (*notes, FOLDS.format(folds=folds))
    if len(by_name) < len(datasets):
        raise ValueError(
            "Two image sets of one study have the same name. Received: "
            f"{', '.join(dataset.name for dataset in datasets)}. Give one of them another `name`."
        )
    sizes = (None,) if samples is None else check_samples(samples)
    groups = tuple(Group(name, size) for name in by_name for size in sizes)
    backbone, given = (network, None) if isinstance(network, str) else (network.name, network)
    check_training(config, datasets, network)
    if config.protocol:
        notes = (find_protocol(config.protocol).note, *notes)
    grid = Grid(groups, (BASELINE,), numbers)
    plan = Plan(by_name, grid, backbone, config, question=question, given=given)
    parts = [plan.data(group) for group in groups]
    if chosen is None:
        chosen = as_variants([key for part in parts for key in default_topologies(part)])
    texts = {str(variant): variant for variant in chosen}
    keys = tuple(dict.fromkeys((BASELINE, *texts)))
    keys, parameters = with_control(datasets, keys, network, texts)
    if given is not None:
        kinds = dict.fromkeys(map(kind_of, datasets))
        notes = (*notes, *dict.fromkeys(note for kind in kinds for note in given.body(*kind).notes))
    for control in [key for key in keys if matched_to(key) is not None]:
        if reason := unmatched(control, parameters):
            if control in texts:
                raise ValueError(f"{reason} Leave {control!r} out.")
            keys, notes = keys[:-1], (*notes, reason)
    grid = Grid(groups, keys, numbers)
    attended = {text: variant for text, variant in texts.items() if not variant.control}
    return Plan(by_name, grid, backbone, config, notes, question, given, attended)


def common_metrics(datasets: Sequence[Dataset]) -> list[str]:
    """The metrics that the tasks of all image sets have."""
    names = [learning_task(data.task, len(data.class_names)).metric_names for data in datasets]
    return [name for name in names[0] if all(name in each for each in names)]


def with_control(
    datasets: Sequence[Dataset],
    keys: tuple[str, ...],
    network: Network,
    variants: Mapping[str, Variant],
) -> tuple[tuple[str, ...], dict[str, int]]:
    """The variants and, unless one is given, the control of the largest; their parameters.

    The control of keys in a built-in network can be named at once. Otherwise the largest variant is
    known only after every network was constructed.
    """
    needs_control = not any(map(matched_to, keys))
    attended = [key for key in keys if key in variants and not variants[key].changes_model]
    if isinstance(network, str) and all(variants[key].is_plain for key in attended):
        if needs_control and (key := largest(attended)) is not None:
            keys = (*keys, MATCHED + key)
        return keys, check_fit(datasets, keys, network, variants)
    parameters = check_fit(datasets, keys, network, variants)
    if needs_control and (key := largest(attended, parameters)) is not None:
        keys = (*keys, control := MATCHED + key)
        parameters |= check_fit(datasets, (control,), network, variants)
    return keys, parameters


def kind_of(dataset: Dataset) -> tuple[tuple[int, ...], str, int]:
    """What a network depends on: the shape of the images, the task, the number of classes."""
    return dataset.image_shape, dataset.task, len(dataset.class_names)


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
            for start in range(0, len(array), CHUNK):
                digest.update(array[start : start + CHUNK].tobytes())
    return digest.hexdigest()[:16]
