"""The verdict on each variant: better, worse, equivalent or undecided."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import NamedTuple, Protocol

import numpy as np

from keras_attn.study.inference import (
    LEVEL,
    corrected_pairs,
    equivalence_p_value,
    known,
    p_value,
    seeds_needed,
)

#: The verdicts.
BETTER, WORSE, EQUIVALENT, UNDECIDED = "better", "worse", "equivalent", "undecided"

#: What a single test of a difference says if it shows none.
NOT_SHOWN = "not shown to differ"

#: With fewer seeds, everything is undecided.
LEAST_SEEDS = 5


class Rule(Protocol):
    """What verdicts need to know about a metric; a `Question`, or the same without a metric."""

    @property
    def margin(self) -> float:
        """The smallest difference that matters."""

    @property
    def sign(self) -> float:
        """1 if larger values are better, −1 if smaller values are."""

    @property
    def looks(self) -> int:
        """How many times the results may be looked at."""

    @property
    def overlap(self) -> float:
        """Test images per training image, for folds that share training images; else 0."""


class Decision(NamedTuple):
    """What the tests of a variant say; p-values are corrected for the variants and the looks.

    Attributes:
        p_value: Of the paired t-test for a difference, before the correction.
        p_corrected: The same after the correction.
        p_equivalent: Of the two one-sided tests for equivalence, after the correction.
        verdict: `"better"`, `"worse"`, `"equivalent"` or `"undecided"`.
        seeds_needed: How many seeds would decide, if the difference is what it seems to be; NaN if
            it is decided, the differences do not vary or the images are cross-validated, infinite
            if no number would decide without more test images.
        images_needed: How many times as many test images would decide, with the seeds that there
            are or with any number of them; NaN if more seeds decide.
    """

    p_value: float
    p_corrected: float
    p_equivalent: float
    verdict: str
    seeds_needed: float
    images_needed: float = math.nan

    @property
    def differs(self) -> bool:
        """Whether a difference is shown, also one within the margin."""
        return self.p_corrected < LEVEL


def decide(
    differences: Mapping[str, np.ndarray],
    rule: Rule,
    image_variances: Mapping[str, float] | None = None,
) -> dict[str, Decision]:
    """The verdicts on a family of variants.

    Args:
        differences: By variant, the differences to the baseline in the headline metric, paired by
            seed; NaN values are left out.
        rule: The margin, the better direction and the number of looks.
        image_variances: By variant, the variance of the mean difference over test images; those of
            variants that are not named are not known, and count as 0.
    """
    variances = image_variances or {}
    raw = np.array(
        [
            (
                p_value(each, variances.get(variant, 0.0), rule.overlap),
                equivalence_p_value(each, rule.margin, variances.get(variant, 0.0), rule.overlap),
            )
            for variant, each in differences.items()
        ]
    ).reshape(-1, 2)
    comparisons = int(np.isfinite(raw).all(axis=1).sum())
    decisions = {}
    for (variant, each), (p, _), (p_different, p_equivalent) in zip(
        differences.items(), raw, corrected_pairs(raw * rule.looks), strict=True
    ):
        values = known(each)
        mean = float(values.mean()) if len(values) else math.nan
        word = verdict(rule.sign * mean, p_different, p_equivalent, len(values))
        needed = images = math.nan
        if word == UNDECIDED and len(values) > 1 and not rule.overlap:
            needed = seeds_needed(values, comparisons * rule.looks, rule.margin, LEAST_SEEDS)
            needed, images = with_images(needed, values, variances.get(variant, 0.0))
            # Chance can leave undecided what so many seeds decide in most studies.
            needed = max(needed, len(values) + 1.0) if needed == needed else needed
        decisions[variant] = Decision(
            float(p), float(p_different), float(p_equivalent), word, needed, images
        )
    return decisions


def with_images(
    seeds: float, differences: np.ndarray, image_variance: float
) -> tuple[float, float]:
    """The seeds that decide despite the test images, and how many times as many images do.

    The variance that decides is that of the mean over `seeds` without the images' part. More seeds
    cannot make the variance smaller than that part.

    Args:
        seeds: How many seeds would decide if the test images were all images.
        differences: One per seed.
        image_variance: The variance of their mean over test images.
    """
    if not image_variance or not np.isfinite(seeds):
        return seeds, math.nan
    over_seeds = float(differences.var(ddof=1))
    allowed = over_seeds / seeds
    if allowed > image_variance:
        return math.ceil(over_seeds / (allowed - image_variance)), math.nan
    # Half of the allowed variance is left to each source.
    return math.inf, 2 * image_variance / allowed


def verdict(gain: float, p_different: float, p_equivalent: float, seeds: int) -> str:
    """The verdict on one variant.

    Args:
        gain: The mean difference, positive if the variant is better.
        p_different: The corrected p-value of the test for a difference.
        p_equivalent: The corrected p-value of the tests for equivalence.
        seeds: The number of pairs.
    """
    if seeds < LEAST_SEEDS:
        return UNDECIDED
    if p_equivalent < LEVEL:
        return EQUIVALENT
    found = shown(gain, p_different)
    return UNDECIDED if found == NOT_SHOWN else found


def shown(gain: float, p: float) -> str:
    """What a test for a difference shows: better, worse, or no difference."""
    if not p < LEVEL:
        return NOT_SHOWN
    return BETTER if gain > 0 else WORSE
