"""The summary of a group of trials: one row per variant, from a table with a row per trial."""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np
import pandas as pd

from keras_attn.study.best import best_probabilities
from keras_attn.study.control import BASELINE, is_control, matched_to
from keras_attn.study.inference import Interval, mean_interval, p_value
from keras_attn.study.question import Question
from keras_attn.study.slowdown import slowdown
from keras_attn.study.verdicts import Decision, decide, shown
from keras_attn.tasks.metrics import METRICS

#: What a verdict rests on.
SEEDS = "seeds"
SEEDS_AND_IMAGES = "seeds and test images"

#: The columns of a network that is not tested, and of one that has no control.
NOT_TESTED = Decision(math.nan, math.nan, math.nan, "", math.nan)
NO_CONTROL: dict[str, object] = {
    "control_difference": math.nan,
    "control_difference_low": math.nan,
    "control_difference_high": math.nan,
    "control_p_value": math.nan,
    "control_verdict": "",
}


def metrics_of(results: pd.DataFrame) -> list[str]:
    """The metrics that a table of trials has, in a fixed order."""
    return [metric for metric in METRICS if metric in results]


def summarise(
    results: pd.DataFrame,
    question: Question | None = None,
    image_variances: Mapping[str, float] | None = None,
    image_covariance: pd.DataFrame | None = None,
) -> pd.DataFrame:
    """One row per variant, in the order of the trials.

    The tests form two families. In the first, every variant is tested against the network
    without attention, for a difference and for equivalence, corrected for the number of
    variants. The second is a single test: the variant that has a parameter-matched control
    against that control. It says whether the additional parameters alone explain the difference,
    and costs the first no power. All other metrics are exploratory: they have intervals that are
    not corrected, and no tests.

    Args:
        results: One row per trial of one group, as `Comparison.results`.
        question: The metric and the margin that the verdicts are about; AUC and 0.01 if None.
        image_variances: By variant, the variance over test images of its mean difference to the
            baseline in the headline metric; None if no predictions were kept.
        image_covariance: The covariance over test images of the mean scores of the variants and the
            baseline; None if it is not known.

    Returns:
        A table indexed by variant, in an index named `topology`, with these columns:

        * `n`, the trials with finite scores; `diverged` and `failed`, those without;
        * for each metric its mean (`auc`) and 95 % interval (`auc_low`, `auc_high`), and the mean
          difference to the baseline with its interval (`auc_difference`, `..._low`, `..._high`),
          paired over the seeds that both have; intervals end at the range of the metric;
        * `combined_low` and `combined_high`, the 95 % interval of the difference in the headline
          metric over trainings and test images, and `basis`: what the verdict rests on,
          `"seeds and test images"` or `"seeds"`;
        * for each variant the fields of `keras_attn.study.verdicts.Decision`: `p_value`,
          `p_corrected`, `p_equivalent`, `verdict`, `seeds_needed` and `images_needed`;
        * `best_probability`, that it is the best of the variants and the baseline; NaN for a
          control, and with fewer than five seeds;
        * for the variant that has a control, the difference to it in the headline metric
          (`control_difference`, `..._low`, `..._high`), and `control_p_value` and
          `control_verdict` of its test;
        * `parameters`, `macs`, the least `seconds_per_step` and the mean `seconds_per_epoch`;
        * `slowdown`, the time of a step over that without attention, with its interval
          (`slowdown_low`, `slowdown_high`).
    """
    question = question or Question()
    metrics = metrics_of(results)
    by_seed = {variant: group.set_index("seed") for variant, group in results.groupby("topology")}
    scores = {variant: by_seed[variant][metrics] for variant in results["topology"].unique()}
    differences = {
        variant: each - scores[BASELINE]
        for variant, each in scores.items()
        if variant != BASELINE and BASELINE in scores
    }
    tests = decide(
        {
            variant: each[question.headline].to_numpy()
            for variant, each in differences.items()
            if not is_control(variant)
        },
        question,
        image_variances,
    )
    candidates = [name for name in scores if name == BASELINE or not is_control(name)]
    headlines = pd.DataFrame({name: scores[name][question.headline] for name in candidates})
    best = best_probabilities(headlines, question.sign, image_covariance, question.overlap)
    variances = image_variances or {}
    against_controls = _control_tests(scores, question)
    steps = {variant: group["seconds_per_step"] for variant, group in by_seed.items()}
    steps_without = steps.get(BASELINE, pd.Series(dtype=float))
    rows = {}
    for variant in scores:
        group = by_seed[variant]
        row: dict[str, object] = {
            "n": int(group[question.headline].notna().sum()),
            "diverged": int(group["diverged"].sum()),
            "failed": int((group["error"] != "").sum()),
        }
        for metric in metrics:
            values, bounds = group[metric].to_numpy(), METRICS[metric].bounds
            interval = mean_interval(values, bounds=bounds, overlap=question.overlap)
            row |= _named(metric, interval)
        paired = differences.get(variant, pd.DataFrame(columns=metrics))
        for metric in metrics:
            interval = difference_interval(paired[metric].to_numpy(), metric, question.overlap)
            row |= _named(f"{metric}_difference", interval)
        headline = paired[question.headline].to_numpy()
        row |= _combined(headline, variances.get(variant), question.headline)
        row |= tests.get(variant, NOT_TESTED)._asdict()
        row["best_probability"] = best.get(variant, math.nan)
        row |= against_controls.get(variant, NO_CONTROL)
        row["parameters"] = int(group["parameters"].max())
        row["macs"] = int(group["macs"].max())
        row["seconds_per_step"] = float(steps[variant].min())
        row["seconds_per_epoch"] = float(group["seconds_per_epoch"].mean())
        row |= _named("slowdown", slowdown(steps[variant], steps_without))
        rows[variant] = row
    return pd.DataFrame.from_dict(rows, orient="index").rename_axis("topology")


def _combined(differences: np.ndarray, image_variance: float | None, metric: str) -> dict:
    """The interval over trainings and test images, and what verdicts rest on."""
    if image_variance is None:
        return {"combined_low": math.nan, "combined_high": math.nan, "basis": SEEDS}
    interval = difference_interval(differences, metric, image_variance=image_variance)
    return {
        "combined_low": interval.low,
        "combined_high": interval.high,
        "basis": SEEDS_AND_IMAGES,
    }


def difference_interval(
    differences: np.ndarray, metric: str, overlap: float = 0.0, image_variance: float = 0.0
) -> Interval:
    """The mean difference and its 95 % interval, which ends at the largest possible difference.

    Args:
        differences: One per seed.
        metric: The name of the metric.
        overlap: As for `keras_attn.study.inference.Moments.of`.
        image_variance: As for `keras_attn.study.inference.Moments.of`.
    """
    low, high = METRICS[metric].bounds
    bounds = low - high, high - low
    return mean_interval(differences, bounds=bounds, overlap=overlap, image_variance=image_variance)


def _control_tests(
    scores: Mapping[str, pd.DataFrame], question: Question
) -> dict[str, dict[str, object]]:
    """The test of a variant against the control that has the same number of parameters."""
    found = {}
    for control in scores:
        variant = matched_to(control)
        if variant is not None and variant in scores:
            paired = (scores[variant] - scores[control])[question.headline].to_numpy()
            interval = difference_interval(paired, question.headline, question.overlap)
            p = p_value(paired, overlap=question.overlap)
            found[variant] = {
                **_named("control_difference", interval),
                "control_p_value": p,
                "control_verdict": shown(question.sign * interval.mean, p),
            }
    return found


def _named(name: str, interval: Interval) -> dict[str, object]:
    return {name: interval.mean, f"{name}_low": interval.low, f"{name}_high": interval.high}
