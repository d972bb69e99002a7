"""Means, intervals, and differences to the baseline, over the seeds of a comparison."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pandas as pd
from scipy import stats

from keras_attn.study.metrics import METRICS
from keras_attn.study.trial import BASELINE


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
    values = np.asarray(values, "float64")
    values = values[~np.isnan(values)]
    if not len(values):
        return Interval(np.nan, np.nan, np.nan)
    mean = float(values.mean())
    if len(values) < 2:
        return Interval(mean, np.nan, np.nan)
    error = values.std(ddof=1) / np.sqrt(len(values))
    reach = float(stats.t.ppf((1 + confidence) / 2, len(values) - 1) * error)
    return Interval(mean, mean - reach, mean + reach)


def metrics_of(results: pd.DataFrame) -> list[str]:
    """The metrics that a table of trials has, in a fixed order."""
    return [metric for metric in METRICS if metric in results]


def summarise(results: pd.DataFrame) -> pd.DataFrame:
    """One row a topology, in the order of the trials.

    Args:
        results: One row a trial, as `Comparison.results`.

    Returns:
        Indexed by topology: `n` (trials that ended), `diverged` (trials that did not), then for
        each metric its mean (`auc`), the 95 % interval (`auc_low`, `auc_high`), the mean
        difference to the baseline (`auc_difference`, `..._low`, `..._high`), paired over the
        seeds that both have; `parameters`; mean `seconds_per_epoch`.
    """
    metrics = metrics_of(results)
    by_seed = {topology: group.set_index("seed") for topology, group in results.groupby("topology")}
    rows = {}
    for topology in results["topology"].unique():
        group = by_seed[topology]
        row: dict[str, float] = {
            "n": int((~group["diverged"]).sum()),
            "diverged": int(group["diverged"].sum()),
        }
        for metric in metrics:
            row |= _named(metric, mean_interval(group[metric].to_numpy()))
        for metric in metrics:
            difference = Interval(np.nan, np.nan, np.nan)
            if topology != BASELINE and BASELINE in by_seed:
                paired = group[metric] - by_seed[BASELINE][metric]
                difference = mean_interval(paired.to_numpy())
            row |= _named(f"{metric}_difference", difference)
        row["parameters"] = int(group["parameters"].iloc[0])
        row["seconds_per_epoch"] = float(group["seconds_per_epoch"].mean())
        rows[topology] = row
    summary = pd.DataFrame.from_dict(rows, orient="index").rename_axis("topology")
    return summary.astype({"n": int, "diverged": int, "parameters": int})


def _named(name: str, interval: Interval) -> dict[str, float]:
    return {name: interval.mean, f"{name}_low": interval.low, f"{name}_high": interval.high}
