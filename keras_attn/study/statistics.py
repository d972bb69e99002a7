"""What the seeds of a comparison tell: means, intervals, differences to the baseline, tests.

The seeds say how much of a difference another training would take back. They do not say what other
images would: every trial is judged on the same test split.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
import pandas as pd
from scipy import stats
from statsmodels.stats.multitest import multipletests
from statsmodels.stats.power import TTestPower

from keras_attn.study.control import BASELINE
from keras_attn.study.metrics import METRICS

#: The metric whose differences are tested, chosen before any result was seen.
HEADLINE = "auc"

#: How often a test may find a difference where there is none, over all topologies together.
LEVEL = 0.05

#: How often as many seeds as are recommended would show a difference of the size that was seen.
POWER = 0.8

#: What can be said of a difference.
BETTER, WORSE, UNDECIDED = "better", "worse", "not shown to differ"


class Interval(NamedTuple):
    """A mean and what it may be, as far as the seeds tell.

    Attributes:
        mean: The mean.
        low: Lower end of the interval; NaN if there is one value only, which tells nothing.
        high: Upper end.
    """

    mean: float
    low: float
    high: float


def mean_interval(values: np.ndarray, confidence: float = 0.95) -> Interval:
    """The mean and its interval from Student's t-distribution; values that are NaN are left out.

    Args:
        values: One number a seed.
        confidence: How often such an interval holds the true mean.
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
    """That of Student's t-test, two-sided, for differences paired by seed.

    NaN where there are fewer than two, or where all are the same, which a t-test knows nothing of.
    """
    differences = _known(differences)
    if not _vary(differences):
        return math.nan
    return float(stats.ttest_1samp(differences, 0.0).pvalue)


def corrected(p_values: np.ndarray) -> np.ndarray:
    """Corrected by Holm's method for their number; those that are NaN stay so and do not count."""
    p_values = np.asarray(p_values, "float64")
    known = ~np.isnan(p_values)
    result = np.full(len(p_values), np.nan)
    if known.any():
        result[known] = multipletests(p_values[known], LEVEL, method="holm")[1]
    return result


def seeds_needed(differences: np.ndarray, comparisons: int) -> float:
    """How many seeds would show a difference of this size, if it is what it seems to be.

    The smallest number with which the paired t-test, at a level that is divided by the number of
    comparisons, finds it in four of five studies.

    Args:
        differences: One a seed, at least two that are not the same; else the answer is NaN.
        comparisons: How many topologies are tested.
    """
    differences = _known(differences)
    if not _vary(differences):
        return math.nan
    effect = abs(differences.mean()) / differences.std(ddof=1)
    power = TTestPower()
    level = LEVEL / max(1, comparisons)

    def shows(seeds: int) -> bool:
        return bool(power.power(effect, seeds, level) >= POWER)

    most = 2
    while not shows(most):
        most *= 2
        if most > 1_000_000:
            return math.inf
    least = most // 2
    while most - least > 1:
        middle = (least + most) // 2
        least, most = (least, middle) if shows(middle) else (middle, most)
    return float(max(2, most))


def verdict(difference: float, p_corrected: float) -> str:
    """What the corrected test supports."""
    if not p_corrected < LEVEL:
        return UNDECIDED
    return BETTER if difference > 0 else WORSE


def metrics_of(results: pd.DataFrame) -> list[str]:
    """The metrics that a table of trials has, in a fixed order."""
    return [metric for metric in METRICS if metric in results]


def summarise(results: pd.DataFrame) -> pd.DataFrame:
    """One row a topology, in the order of the trials.

    Args:
        results: One row a trial of one group, as `Comparison.results`.

    Returns:
        Indexed by topology: `n` (trials that gave numbers), `diverged` and `failed` (trials that
        did not), then for each metric its mean (`auc`), the 95 % interval (`auc_low`,
        `auc_high`), the mean difference to the baseline (`auc_difference`, `..._low`,
        `..._high`), paired over the seeds that both have; of the difference in AUC the `p_value`
        of the paired t-test, the same corrected by Holm's method for the number of rows
        (`p_corrected`), the `verdict`, and the `seeds_needed` to show a difference as large;
        then `parameters`, `macs` and the means of `seconds_per_step` and `seconds_per_epoch`.
    """
    metrics = metrics_of(results)
    by_seed = {topology: group.set_index("seed") for topology, group in results.groupby("topology")}
    topologies = list(results["topology"].unique())
    differences = {
        topology: by_seed[topology][metrics] - by_seed[BASELINE][metrics]
        for topology in topologies
        if topology != BASELINE and BASELINE in by_seed
    }
    p_values = {name: p_value(each[HEADLINE].to_numpy()) for name, each in differences.items()}
    tested = int(np.isfinite(list(p_values.values())).sum())
    p_corrected = dict(zip(p_values, corrected(np.array([*p_values.values()])), strict=True))
    rows = {}
    for topology in topologies:
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
        row["p_value"] = p_values.get(topology, math.nan)
        row["p_corrected"] = p_corrected.get(topology, math.nan)
        row["verdict"] = (
            verdict(row[f"{HEADLINE}_difference"], row["p_corrected"])  # type: ignore[arg-type]
            if topology in differences
            else ""
        )
        row["seeds_needed"] = seeds_needed(paired[HEADLINE].to_numpy(), tested)
        row["parameters"] = int(group["parameters"].max())
        row["macs"] = int(group["macs"].max())
        for time in ("seconds_per_step", "seconds_per_epoch"):
            row[time] = float(group[time].mean())
        rows[topology] = row
    return pd.DataFrame.from_dict(rows, orient="index").rename_axis("topology")


def _known(values: np.ndarray) -> np.ndarray:
    values = np.asarray(values, "float64")
    return values[~np.isnan(values)]


def _vary(values: np.ndarray) -> bool:
    """Whether there are at least two that are not the same."""
    return len(values) >= 2 and bool(np.ptp(values) > 1e-12)


def _named(name: str, interval: Interval) -> dict[str, float]:
    return {name: interval.mean, f"{name}_low": interval.low, f"{name}_high": interval.high}
