"""What a study will take and what it can show, before it is run."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from scipy.optimize import brentq

from keras_attn.data.subsets import subset
from keras_attn.study.control import BASELINE, is_control
from keras_attn.study.forecast import duration
from keras_attn.study.grid import Group
from keras_attn.study.image_uncertainty import difference_variance
from keras_attn.study.inference import LEVEL, POWER, power
from keras_attn.study.plan import Plan
from keras_attn.study.question import Question
from keras_attn.study.trainer import Trainer
from keras_attn.study.training import USUAL_BATCH_SIZE
from keras_attn.study.verdicts import LEAST_SEEDS

#: The spreads of this project's own studies, which `python -m benchmarks.spreads` writes.
SPREADS = Path(__file__).with_name("spreads.json")

#: Steps that are timed where no pilot is run.
TIMED_STEPS = 8

#: The largest number of seeds that is looked at.
MOST_SEEDS = 1000


@dataclass(frozen=True)
class Outlook:
    """What a study will take and what it can show.

    Attributes:
        trials: The number of trainings.
        seconds: How long they take on this machine, one after the other.
        seeds: Seeds per variant.
        test_images: The size of the test split.
        variants: How many variants are tested.
        margin: The smallest difference that matters.
        metric: The name of the headline metric.
        spread: Standard deviation of the paired differences between seeds; NaN if unknown.
        image_spread: Standard deviation of the mean difference over test images; NaN if unknown.
        smallest_difference: The true difference that is shown in four of five such studies; NaN if
            the spread is unknown.
        seeds_for_equivalence: Seeds that show equivalence in four of five studies if there is no
            difference; infinite if no number does with this test split, NaN if the spread is
            unknown.
        basis: Where the spread comes from.
    """

    trials: int
    seconds: float
    seeds: int
    test_images: int
    variants: int
    margin: float
    metric: str
    spread: float
    image_spread: float
    smallest_difference: float
    seeds_for_equivalence: float
    basis: str

    def as_dict(self) -> dict[str, Any]:
        """Everything by name."""
        return asdict(self)

    def __str__(self) -> str:
        few = f" (verdicts need at least {LEAST_SEEDS})" if self.seeds < LEAST_SEEDS else ""
        return "\n".join(
            [
                f"{self.trials} trainings, about {duration(self.seconds)} one after the other on "
                "this machine",
                f"{self.variants} variants, {self.seeds} seeds{few}, {self.test_images:,} test "
                "images",
                *(self._without_spread() if math.isnan(self.spread) else self._with_spread()),
            ]
        )

    def _without_spread(self) -> list[str]:
        return [
            f"spread of a difference in {self.metric}: unknown, so that what the study can show is "
            "unknown too",
            f"  {self.basis}",
        ]

    def _with_spread(self) -> list[str]:
        equivalence = (
            f"{self.seeds_for_equivalence:,.0f} seeds are needed"
            if np.isfinite(self.seeds_for_equivalence)
            else f"more than {self.test_images:,} test images are needed, whatever the seeds"
        )
        images = (
            "unknown without a pilot, so that the figures below are about the seeds alone"
            if math.isnan(self.image_spread)
            else f"{self.image_spread:.4f} over test images"
        )
        return [
            f"spread of a difference in {self.metric}: {self.spread:.4f} between seeds, {images}",
            f"  from {self.basis}",
            f"smallest difference that is shown in {POWER:.0%} of such studies: "
            f"{self.smallest_difference:.4f}".replace("%", " %"),
            f"to show equivalence within {self.margin:g} if there is no difference: {equivalence}",
        ]


def outlook(plan: Plan, pilot: int = 0) -> Outlook:
    """What a study will take and what it can show.

    Args:
        plan: The study, whose first group is looked at.
        pilot: Seeds of a pilot, which trains the network without attention and the first variant
            in full; 0 to time a few steps, and to take the spread from this project's own studies.
    """
    group = plan.grid.groups[0]
    tested = [each for each in plan.grid.topologies if not is_control(each)]
    variants = max(1, len(tested))
    count = len(plan.data(group).test.images)
    if pilot:
        seconds, spread, image_spread = _piloted(plan, group, tested[0], pilot)
        basis = f"a pilot of {pilot} seeds with none and {tested[0]}"
    else:
        seconds, image_spread = _timed(plan, group, tested[0] if tested else BASELINE), math.nan
        size = plan.train_samples(group)
        spread, basis = stored_spread(plan.question, group.dataset, size)
    total = len(plan.grid)
    images = 0.0 if math.isnan(image_spread) else image_spread
    level = LEVEL / variants
    return Outlook(
        trials=total,
        seconds=seconds * total,
        seeds=len(plan.grid.seeds),
        test_images=count,
        variants=variants,
        margin=plan.question.margin,
        metric=plan.question.title,
        spread=spread,
        image_spread=image_spread,
        smallest_difference=smallest_difference(spread, images, len(plan.grid.seeds), level),
        seeds_for_equivalence=seeds_for_equivalence(spread, images, plan.question.margin, level),
        basis=basis,
    )


def smallest_difference(spread: float, image_spread: float, seeds: int, level: float) -> float:
    """The true difference that a test shows with a probability of 80 %; NaN for one seed.

    Args:
        spread: Standard deviation of the differences between seeds.
        image_spread: Standard deviation of the mean difference over test images.
        seeds: Number of seeds.
        level: Of the two-sided test.
    """
    if seeds < 2 or not spread > 0:
        return math.nan
    each = math.hypot(spread, image_spread * math.sqrt(seeds))
    return each * float(brentq(lambda effect: power(effect, seeds, level) - POWER, 0.0, 1000.0))


def seeds_for_equivalence(spread: float, image_spread: float, margin: float, level: float) -> float:
    """The seeds with which two equal networks are shown to be equivalent in 80 % of studies."""
    if math.isnan(spread):
        return math.nan
    for seeds in range(LEAST_SEEDS, MOST_SEEDS + 1):
        each = math.hypot(spread, image_spread * math.sqrt(seeds))
        if not each or power(0.0, seeds, level, margin / each) >= POWER:
            return float(seeds)
    return math.inf


def stored_spread(question: Question, dataset: str, samples: int) -> tuple[float, str]:
    """The spread in the study of this project that is most like another, and a note on its source.

    It is one of the same image set if there is one, with the nearest number of training images. NaN
    if the metric was not recorded there.
    """
    studies = json.loads(SPREADS.read_text(encoding="utf-8"))["studies"]

    def distance(each: Mapping[str, Any]) -> tuple[bool, float]:
        other = not each["study"].startswith(dataset)
        return other, abs(math.log(each["samples"] / samples))

    nearest: Mapping[str, Any] = min(studies, key=distance)
    if question.headline not in nearest:
        return math.nan, (
            "no stored study of this project has this metric; a pilot measures the spread: add "
            "--pilot 3, or pilot=3 in Python"
        )
    basis = (
        f"this project's study {nearest['study']} ({nearest['samples']:,} training images, a small "
        "residual network); a pilot tells more about your images"
    )
    return float(nearest[question.headline]), basis


def _piloted(plan: Plan, group: Group, variant: str, seeds: int) -> tuple[float, float, float]:
    """Seconds per trial, and the spread between seeds and over test images."""
    trials = {}
    for text in (BASELINE, variant):
        trainer = Trainer(plan.data(group), plan.variant(text), plan.network, plan.config)
        trials[text] = [trainer.run(seed) for seed in range(seeds)]
    pairs = list(zip(trials[variant], trials[BASELINE], strict=True))
    metric = plan.question.headline
    differences = np.array([one.scores[metric] - other.scores[metric] for one, other in pairs])
    test = plan.data(group).test.labels
    ours, theirs = ([trial.predictions for trial in each] for each in zip(*pairs, strict=True))
    if any(each is None for each in (*ours, *theirs)):
        raise ValueError("A training of the pilot diverged. Lower the learning rate.")
    variance = difference_variance(metric, test, ours, theirs, plan.data(group).groups.get("test"))
    seconds = np.mean([trial.seconds for each in trials.values() for trial in each])
    return float(seconds), float(differences.std(ddof=1)), math.sqrt(variance)


def _timed(plan: Plan, group: Group, variant: str) -> float:
    """The seconds of a trial, from a few steps of the first variant."""
    whole = plan.data(group)
    config = plan.config.for_samples(len(whole.train.images))
    batch = config.batch_size or USUAL_BATCH_SIZE
    classes = len(whole.class_names)
    few = subset(whole, min(len(whole.train.images), max(batch * TIMED_STEPS, 4 * classes)))
    once = replace(config, epochs=1, freeze_epochs=0)
    trial = Trainer(few, plan.variant(variant), plan.network, once).run(0)
    steps = len(whole.train.images) // batch
    judging = max(0.0, trial.seconds - trial.preparation - trial.seconds_per_epoch)
    epochs = plan.config.epochs
    compiling = trial.preparation / max(1, len(plan.grid.seeds))
    return compiling + epochs * (steps * trial.seconds_per_step + judging)
