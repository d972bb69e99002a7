"""Statistical inference: intervals, tests, their correction, and the seeds they need.

The seeds show how much of a difference another training could change. They do not show what other
test images would change: every trial is scored on the same test split. Where the predictions of
the trials are known, the variance over images (`keras_attn.study.image_uncertainty`) is added to
that of the mean over seeds, and the degrees of freedom are those of Welch and Satterthwaite.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from scipy import integrate, stats
from scipy.special import gammaln, ndtr

#: The probability of any wrong statement about a family of variants.
LEVEL = 0.05

#: The probability with which the recommended number of seeds decides.
POWER = 0.8

#: The largest number of seeds that is looked at.
MOST_SEEDS = 1_000_000

#: Differences that vary by less are the same number, up to rounding.
ROUNDING = 1e-12

UNBOUNDED = (-math.inf, math.inf)


class Interval(NamedTuple):
    """A mean with its confidence interval.

    Attributes:
        mean: The mean.
        low: Lower end of the interval; NaN if there is only one value.
        high: Upper end.
    """

    mean: float
    low: float
    high: float


class Moments(NamedTuple):
    """What the tests need to know of differences; arrays if there are several samples.

    Attributes:
        mean: Their mean.
        error: The standard error of the mean; 0 if they are all equal.
        freedom: The degrees of freedom of the error.
    """

    mean: np.ndarray
    error: np.ndarray
    freedom: np.ndarray | float

    @classmethod
    def of(
        cls,
        differences: np.ndarray,
        image_variance: np.ndarray | float = 0.0,
        overlap: float = 0.0,
    ) -> Moments:
        """The moments over the last axis.

        Args:
            differences: One per seed.
            image_variance: The variance of their mean over test images.
            overlap: Test images per training image, for the folds of a cross-validation. They
                share training images, so that the variance of their mean does not fall to 0:
                it is s² (1/n + overlap), the corrected resampled t-test of C. Nadeau and Y. Bengio,
                Machine Learning 52 (2003).
        """
        mean, count = differences.mean(axis=-1), differences.shape[-1]
        vary = np.ptp(differences, axis=-1) > ROUNDING
        over_seeds = np.where(vary, differences.var(axis=-1, ddof=1), 0) * (1 / count + overlap)
        total = over_seeds + image_variance
        share = np.divide(total, over_seeds, out=np.full(np.shape(total), np.inf), where=vary)
        freedom = (count - 1) * np.where(np.equal(image_variance, 0), 1.0, share**2)
        return cls(mean, np.sqrt(total), freedom)

    def interval(
        self, confidence: float = 0.95, bounds: tuple[float, float] = UNBOUNDED
    ) -> Interval:
        """The confidence interval of one mean, which ends at the largest possible values."""
        reach = float(stats.t.ppf((1 + confidence) / 2, self.freedom) * self.error)
        mean = float(self.mean)
        return Interval(mean, max(mean - reach, bounds[0]), min(mean + reach, bounds[1]))

    def p_different(self) -> np.ndarray:
        """Of Student's two-sided t-test of the hypothesis that the true mean is 0."""
        return 2 * self._tail(np.abs(self.mean))

    def p_equivalent(self, margin: float) -> np.ndarray:
        """Of two one-sided t-tests of the hypothesis that the true mean is not within the margin.

        Source: D. J. Schuirmann, Journal of Pharmacokinetics and Biopharmaceutics 15 (1987).
        """
        return self._tail(margin - np.abs(self.mean))

    def _tail(self, distance: np.ndarray) -> np.ndarray:
        """The probability of such a distance of the mean, or a larger one, in one direction.

        Differences that are all equal have no error: every distance beyond rounding is certain.
        """
        certain = np.where(distance > ROUNDING, np.inf, np.where(distance < -ROUNDING, -np.inf, 0))
        error = np.where(self.error > 0, self.error, 1)
        statistic = np.where(self.error > 0, distance / error, certain)
        return stats.t.sf(statistic, self.freedom)


def mean_interval(
    values: np.ndarray,
    confidence: float = 0.95,
    bounds: tuple[float, float] = UNBOUNDED,
    overlap: float = 0.0,
    image_variance: float = 0.0,
) -> Interval:
    """The mean and its interval from Student's t-distribution; NaN values are left out.

    Args:
        values: One number per seed.
        confidence: The probability with which such an interval contains the true mean.
        bounds: The smallest and the largest possible mean; the interval ends there.
        overlap: As for `Moments.of`.
        image_variance: As for `Moments.of`.
    """
    values = known(values)
    if not len(values):
        return Interval(np.nan, np.nan, np.nan)
    if len(values) < 2:
        return Interval(float(values.mean()), np.nan, np.nan)
    return Moments.of(values, image_variance, overlap).interval(confidence, bounds)


def p_value(differences: np.ndarray, image_variance: float = 0.0, overlap: float = 0.0) -> float:
    """The p-value of Student's two-sided t-test for differences that are paired by seed.

    It is NaN if there are fewer than two differences. If all are equal it is 0, or 1 if all are 0.
    """
    differences = known(differences)
    if len(differences) < 2:
        return math.nan
    return float(Moments.of(differences, image_variance, overlap).p_different())


def equivalence_p_value(
    differences: np.ndarray, margin: float, image_variance: float = 0.0, overlap: float = 0.0
) -> float:
    """The p-value of two one-sided t-tests that the differences are within the margin.

    It is NaN if there are fewer than two differences. If all are equal it is 0 or 1.
    """
    differences = known(differences)
    if len(differences) < 2:
        return math.nan
    return float(Moments.of(differences, image_variance, overlap).p_equivalent(margin))


def corrected_pairs(p_values: np.ndarray) -> np.ndarray:
    """The p-values of a family of variants, each tested for a difference and for equivalence.

    This is Holm's step-down method, for hypotheses of which not all can be true (J. P. Shaffer,
    Journal of the American Statistical Association 81, 1986). The true difference of a variant is
    not both 0 and at least as large as the margin, so at most one of its two hypotheses is true.
    A p-value is therefore multiplied by the number of variants of which a hypothesis is left, not
    by the number of hypotheses. The probability of any wrong rejection, of either kind, is at most
    the level.

    Args:
        p_values: Of shape (..., variants, 2); variants with NaN stay NaN and are not counted.

    Returns:
        Corrected p-values of the same shape.
    """
    untested = np.isnan(p_values).any(axis=-1, keepdims=True)
    raw = np.where(untested, np.nan, p_values).reshape(*p_values.shape[:-2], -1)
    left = np.where(untested[..., 0], 0, 2)
    result, largest = np.full(raw.shape, np.nan), np.zeros((*raw.shape[:-1], 1))
    order = np.argsort(raw, axis=-1, kind="stable")  # NaN comes last
    for step in range(raw.shape[-1]):
        place = order[..., step : step + 1]
        factor = (left > 0).sum(axis=-1, keepdims=True)
        adjusted = np.minimum(1, factor * np.take_along_axis(raw, place, axis=-1))
        largest = np.maximum(largest, adjusted)  # stays NaN once only NaN is left
        np.put_along_axis(result, place, largest, axis=-1)
        rest = np.take_along_axis(left, place // 2, axis=-1) - 1
        np.put_along_axis(left, place // 2, rest, axis=-1)
    return result.reshape(p_values.shape)


def power(effect: float, seeds: int, level: float, margin: float = 0.0) -> float:
    """The probability that paired t-tests show a difference, or that it is within the margin.

    Computed as the mean of the normal probabilities over the distribution of the standard
    deviation. The noncentral t-distributions of SciPy and statsmodels are NaN for large effects.

    Args:
        effect: The mean difference, in standard deviations of the differences.
        seeds: Number of pairs, at least 2.
        level: Level of the two-sided test, and of each of the two one-sided tests.
        margin: In standard deviations of the differences; 0 for the two-sided test alone.
    """
    freedom, root = seeds - 1, math.sqrt(seeds)
    two_sided, one_sided = stats.t.ppf([1 - level / 2, 1 - level], freedom)
    shift, reach = effect * root, margin * root
    half = freedom / 2
    scale = math.log(2) + half * math.log(half) - float(gammaln(half))

    def density(s: float) -> float:
        weight = math.exp(scale + (freedom - 1) * math.log(s) - half * s * s)
        inner, outer = max(0.0, reach - one_sided * s), two_sided * s
        if inner >= outer:  # every mean is either far from 0 or within the margin
            return weight
        beyond = ndtr(shift - outer) + ndtr(-outer - shift)
        within = ndtr(inner - shift) - ndtr(-inner - shift)
        return float(weight * (beyond + within))

    low, high = np.sqrt(stats.chi2.ppf([1e-12, 1 - 1e-12], freedom) / freedom)
    # Both bounds of the sum change their form at these deviations.
    breaks = [s for s in (reach / one_sided, reach / (one_sided + two_sided)) if low < s < high]
    return float(integrate.quad(density, low, high, points=breaks or None, limit=200)[0])


def seeds_needed(
    differences: np.ndarray, comparisons: int, margin: float = 0.0, least: int = 2
) -> float:
    """How many seeds would decide, if the difference and its spread are what they seem to be.

    This is the smallest number of seeds with which the paired t-tests, at a level that is divided
    by the number of comparisons, decide in four of five studies.

    Args:
        differences: One per seed; NaN is returned unless at least two of them differ.
        comparisons: How many variants are tested.
        margin: The smallest difference that matters; 0 if only a difference is to be shown.
        least: The smallest number of seeds with which anything is decided.
    """
    differences = known(differences)
    if len(differences) < 2 or not np.ptp(differences) > ROUNDING:
        return math.nan
    deviation = differences.std(ddof=1)
    level = LEVEL / max(1, comparisons)

    def decides(seeds: int) -> bool:
        effect = abs(differences.mean()) / deviation
        return power(effect, seeds, level, margin / deviation) >= POWER

    most, below = least, least - 1
    while not decides(most):
        below, most = most, 2 * most
        if most > MOST_SEEDS:
            return math.inf
    while most - below > 1:
        middle = (below + most) // 2
        below, most = (below, middle) if decides(middle) else (middle, most)
    return float(most)


def known(values: np.ndarray) -> np.ndarray:
    """The values that are not NaN."""
    values = np.asarray(values, "float64")
    return values[~np.isnan(values)]
