"""Statistical inference over seeds: means, intervals, paired differences and tests.

The seeds show how much of a difference another training could change. They do not show what other
test images would change: every trial is scored on the same test split.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
import pandas as pd
from scipy import integrate, stats
from statsmodels.stats.multitest import multipletests

from keras_attn.study.control import BASELINE, is_control, matched_to
from keras_attn.study.metrics import METRICS

#: The metric whose differences are tested, chosen before any result was known.
HEADLINE = "auc"

#: The probability of finding any difference where there is none, over all topologies together.
LEVEL = 0.05

#: The probability with which the recommended number of seeds shows a difference of the size seen.
POWER = 0.8

#: The largest number of seeds that is looked at.
MOST_SEEDS = 1_000_000

#: The verdicts on a difference.
BETTER, WORSE, UNDECIDED = "better", "worse", "not shown to differ"

#: The columns of a network that is not tested, and of one that has no control.
NOT_TESTED: dict[str, object] = {
    "p_value": math.nan,
    "p_corrected": math.nan,
    "verdict": "",
    "seeds_needed": math.nan,
}
NO_CONTROL: dict[str, object] = {
    "control_difference": math.nan,
    "control_difference_low": math.nan,
    "control_difference_high": math.nan,
    "control_p_value": math.nan,
    "control_verdict": "",
}

Differences = Mapping[str, pd.DataFrame]


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


def mean_interval(values: np.ndarray, confidence: float = 0.95) -> Interval:
    """The mean and its interval from Student's t-distribution; NaN values are left out.

    Args:
        values: One number per seed.
        confidence: The probability with which such an interval contains the true mean.
    """
    values = _known(values)
    if not len(values):
        return Interval(np.nan, np.nan, np.nan)
    mean = float(values.mean())
    if len(values) < 2:
        return Interval(mean, np.nan, np.nan)
    error = values.std(ddof=1) / np.sqrt(len(values))
    reach = float(stats.t.ppf((1 + confidence) / 2, len(values) - 1) * error)
    return Interval(mean, mean - reach, mean + reach)


def p_value(differences: np.ndarray) -> float:
    """The p-value of Student's two-sided t-test for differences that are paired by seed.

    It is NaN if there are fewer than two differences, or if all are equal.
    """
    differences = _known(differences)
    if not _vary(differences):
        return math.nan
    return float(stats.ttest_1samp(differences, 0.0).pvalue)


def corrected(p_values: np.ndarray) -> np.ndarray:
    """The p-values, corrected by Holm's method; NaN stays NaN and is not counted."""
    p_values = np.asarray(p_values, "float64")
    known = ~np.isnan(p_values)
    result = np.full(len(p_values), np.nan)
    if known.any():
        result[known] = multipletests(p_values[known], LEVEL, method="holm")[1]
    return result


def power(effect: float, seeds: int, level: float) -> float:
    """The power of a paired two-sided t-test.

    Computed as the mean of the normal probabilities over the distribution of the standard
    deviation. The noncentral t-distributions of SciPy and statsmodels are NaN for large effects.

    Args:
        effect: The mean difference, in standard deviations of the differences.
        seeds: Number of pairs, at least 2.
        level: Level of the test.
    """
    freedom = seeds - 1
    critical = stats.t.ppf(1 - level / 2, freedom)
    shift = effect * math.sqrt(seeds)
    deviation = stats.chi(freedom, scale=1 / math.sqrt(freedom))

    def density(s: float) -> float:
        beyond = stats.norm.sf(critical * s - shift) + stats.norm.cdf(-critical * s - shift)
        return float(deviation.pdf(s) * beyond)

    return float(integrate.quad(density, *deviation.ppf([1e-12, 1 - 1e-12]))[0])


def seeds_needed(differences: np.ndarray, comparisons: int) -> float:
    """How many seeds would show a difference of this size, if it is real.

    This is the smallest number of seeds with which the paired t-test, at a level that is divided by
    the number of comparisons, shows the difference in four of five studies.

    Args:
        differences: One per seed; NaN is returned unless at least two of them differ.
        comparisons: How many topologies are tested.
    """
    differences = _known(differences)
    if not _vary(differences):
        return math.nan
    effect = abs(differences.mean()) / differences.std(ddof=1)
    level = LEVEL / max(1, comparisons)

    def shows(seeds: int) -> bool:
        return power(effect, seeds, level) >= POWER

    most = 2
    while not shows(most):
        most *= 2
        if most > MOST_SEEDS:
            return math.inf
    least = most // 2
    while most - least > 1:
        middle = (least + most) // 2
        least, most = (least, middle) if shows(middle) else (middle, most)
    return float(max(2, most))


def verdict(difference: float, p_corrected: float) -> str:
    """The verdict that the corrected test supports."""
    if not p_corrected < LEVEL:
        return UNDECIDED
    return BETTER if difference > 0 else WORSE


def metrics_of(results: pd.DataFrame) -> list[str]:
    """The metrics that a table of trials has, in a fixed order."""
    return [metric for metric in METRICS if metric in results]


def summarise(results: pd.DataFrame) -> pd.DataFrame:
    """One row per topology, in the order of the trials.

    The tests form two families. In the first, every topology is tested against the network
    without attention, corrected by Holm's method for the number of topologies. The second is a
    single test: the topology that has a parameter-matched control against that control. It says
    whether the additional parameters alone explain the difference, and costs the first no power.

    Args:
        results: One row per trial of one group, as `Comparison.results`.

    Returns:
        A table indexed by topology with these columns:

        * `n`, the trials with finite scores; `diverged` and `failed`, those without;
        * for each metric its mean (`auc`) and 95 % interval (`auc_low`, `auc_high`), and the mean
          difference to the baseline with its interval (`auc_difference`, `..._low`, `..._high`),
          paired over the seeds that both have;
        * for the difference in AUC of each topology the `p_value` of the paired t-test, the same
          corrected by Holm's method (`p_corrected`), the `verdict`, and `seeds_needed`, the number
          of seeds that would show a difference of the same size;
        * for the topology that has a control, the difference in AUC to it (`control_difference`,
          `..._low`, `..._high`), and `control_p_value` and `control_verdict` of its test;
        * `parameters`, `macs`, and the means of `seconds_per_step` and `seconds_per_epoch`.
    """
    metrics = metrics_of(results)
    by_seed = {topology: group.set_index("seed") for topology, group in results.groupby("topology")}
    scores = {topology: by_seed[topology][metrics] for topology in results["topology"].unique()}
    differences = {
        topology: each - scores[BASELINE]
        for topology, each in scores.items()
        if topology != BASELINE and BASELINE in scores
    }
    tests = _main_family(differences)
    against_controls = _control_tests(scores)
    rows = {}
    for topology in scores:
        group = by_seed[topology]
        row: dict[str, object] = {
            "n": int(group[HEADLINE].notna().sum()),
            "diverged": int(group["diverged"].sum()),
            "failed": int((group["error"] != "").sum()),
        }
        for metric in metrics:
            row |= _named(metric, mean_interval(group[metric].to_numpy()))
        paired = differences.get(topology, pd.DataFrame(columns=metrics))
        for metric in metrics:
            row |= _named(f"{metric}_difference", mean_interval(paired[metric].to_numpy()))
        row |= tests.get(topology, NOT_TESTED) | against_controls.get(topology, NO_CONTROL)
        row["parameters"] = int(group["parameters"].max())
        row["macs"] = int(group["macs"].max())
        for time in ("seconds_per_step", "seconds_per_epoch"):
            row[time] = float(group[time].mean())
        rows[topology] = row
    return pd.DataFrame.from_dict(rows, orient="index").rename_axis("topology")


def _main_family(differences: Differences) -> dict[str, dict[str, object]]:
    """The tests of all topologies against the baseline."""
    tested = {
        topology: each[HEADLINE].to_numpy()
        for topology, each in differences.items()
        if not is_control(topology)
    }
    p_values = np.array([p_value(each) for each in tested.values()])
    comparisons = int(np.isfinite(p_values).sum())
    return {
        topology: {
            "p_value": raw,
            "p_corrected": p_corrected,
            "verdict": verdict(mean_interval(each).mean, p_corrected),
            "seeds_needed": seeds_needed(each, comparisons),
        }
        for (topology, each), raw, p_corrected in zip(
            tested.items(), p_values, corrected(p_values), strict=True
        )
    }


def _control_tests(scores: Differences) -> dict[str, dict[str, object]]:
    """The test of a topology against the control that has the same number of parameters."""
    found = {}
    for control in scores:
        topology = matched_to(control)
        if topology is not None and topology in scores:
            difference = (scores[topology] - scores[control])[HEADLINE].to_numpy()
            interval, p = mean_interval(difference), p_value(difference)
            found[topology] = {
                **_named("control_difference", interval),
                "control_p_value": p,
                "control_verdict": verdict(interval.mean, p),
            }
    return found


def _known(values: np.ndarray) -> np.ndarray:
    values = np.asarray(values, "float64")
    return values[~np.isnan(values)]


def _vary(values: np.ndarray) -> bool:
    """Whether at least two of the values differ."""
    return len(values) >= 2 and bool(np.ptp(values) > 1e-12)


def _named(name: str, interval: Interval) -> dict[str, object]:
    return {name: interval.mean, f"{name}_low": interval.low, f"{name}_high": interval.high}
