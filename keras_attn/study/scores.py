"""`keras_attn.test_scores`: the statistics of a comparison, for a table of scores."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from keras_attn.study.control import BASELINE
from keras_attn.study.inference import UNBOUNDED, mean_interval
from keras_attn.study.question import MARGIN, check_margin
from keras_attn.study.verdicts import (
    EQUIVALENT,
    LEAST_SEEDS,
    UNDECIDED,
    Decision,
    decide,
)

#: The columns that a table must have.
COLUMNS = ("variant", "seed", "score")


def test_scores(
    table: pd.DataFrame,
    *,
    margin: float | None = None,  # noqa: PT028 (not a test)
    larger_is_better: bool = True,  # noqa: PT028
) -> pd.DataFrame:
    """Tests each variant against the one without attention, as `keras_attn.compare` does.

    Scores are paired by seed. In every data set, each variant is tested by Student's t-test for a
    difference and by two one-sided t-tests for equivalence within the margin. All p-values are
    corrected by Holm's method for the number of variants, so that the probability of any wrong
    verdict in a data set is at most 5 %.

    Args:
        table: One row per training with the columns `variant`, `seed`, `score` and optionally
            `dataset`. The variant `"none"` is the one without attention. A score of NaN, for a
            training that diverged, counts as missing.
        margin: The smallest difference that matters; if None, 0.01, which is possible if all
            scores are between 0 and 1. Choose it before you look at the scores.
        larger_is_better: Whether a larger score is better.

    Returns:
        A table with one row per variant, indexed by `variant`, and by `dataset` too if there are
        several, with these columns:

        * `verdict`: `"better"`, `"worse"`, `"equivalent"` or `"undecided"`; with fewer than five
            seeds it is always `"undecided"`;
        * `explanation`: the verdict in one sentence, with the seeds that were left out because the
            variant or `"none"` does not have them;
        * `seeds`, the number of pairs; `score` and `baseline`, the mean scores of these seeds;
        * `difference`, `difference_low` and `difference_high`: the mean difference to `"none"` and
            its 95 % interval, which is not corrected;
        * `p_value`, `p_corrected`, `p_equivalent`: of the test for a difference before and after
            the correction, and of the corrected tests for equivalence;
        * `seeds_needed`: how many seeds would decide if the difference is what it seems to be.

    Raises:
        ValueError: If a column is missing, a row is there twice, a seed is missing or a score is
            not a number, there is no variant `"none"`, no variant to test or no common seed, or
            the margin is missing or not valid.

    Example:
        >>> import pandas as pd
        >>> import keras_attn
        >>> scores = {"none": [0.90, 0.91, 0.89, 0.90, 0.92], "csa": [0.95, 0.95, 0.94, 0.96, 0.97]}
        >>> table = pd.DataFrame(scores).rename_axis("seed").reset_index()
        >>> table = table.melt("seed", var_name="variant", value_name="score")
        >>> keras_attn.test_scores(table)["verdict"].to_dict()
        {'csa': 'better'}
    """
    checked = check_table(table)
    scores = checked["score"]
    if margin is None and not scores.dropna().between(0, 1).all():
        raise ValueError(
            "`margin` is missing: the scores are not all between 0 and 1, so there is no usual "
            "smallest difference that matters. Give one, such as margin=0.5."
        )
    rule = _Rule(MARGIN if margin is None else check_margin(margin), 1 if larger_is_better else -1)
    parts = {
        name: _test(part, rule, f" of {name}" if checked["dataset"].nunique() > 1 else "")
        for name, part in checked.groupby("dataset", sort=False)
    }
    if len(parts) == 1:
        return next(iter(parts.values()))
    return pd.concat(parts, names=["dataset"]).swaplevel()


# Its name makes pytest take it for a test wherever a test module imports it.
test_scores.__test__ = False  # type: ignore[attr-defined]


class _Rule(NamedTuple):
    """The margin and the better direction of scores whose metric is not known."""

    margin: float
    sign: float
    looks: int = 1
    overlap: float = 0.0


def check_table(table: Any) -> pd.DataFrame:
    """The table with a column `dataset`, variants as text and scores as numbers.

    Raises:
        ValueError: If it is not as `test_scores` needs it.
    """
    if not isinstance(table, pd.DataFrame):
        raise ValueError(f"`table` must be a pandas DataFrame. Received: {type(table).__name__}.")
    missing = [name for name in COLUMNS if name not in table]
    if missing:
        raise ValueError(
            f"`table` has no column {', '.join(map(repr, missing))}. It needs one row per training "
            "with the columns variant, seed, score, and optionally dataset. Received the columns: "
            f"{', '.join(map(str, table.columns)) or 'none'}."
        )
    keys = ["dataset", "variant", "seed"]
    table = table if "dataset" in table else table.assign(dataset="")
    table = table[[*keys, "score"]].reset_index(drop=True)
    if table[keys].isna().to_numpy().any():
        raise ValueError("`table` has rows without a data set, variant or seed. Complete them.")
    table["variant"] = table["variant"].astype(str)
    scores = pd.to_numeric(table["score"], errors="coerce").astype("float64")
    wrong = (scores.isna() & table["score"].notna()) | np.isinf(scores)
    if wrong.any():
        raise ValueError(
            "Every `score` must be a finite number, or NaN for a training that diverged. Received: "
            f"{table['score'][wrong].iloc[0]!r}."
        )
    table["score"] = scores
    twice = table[table.duplicated(keys)]
    if len(twice):
        name = ", ".join(str(twice.iloc[0][key]) for key in keys if twice.iloc[0][key] != "")
        raise ValueError(
            f"`table` has {len(twice)} rows for a training that it already has, such as {name}. "
            "Keep one row for each variant and seed of a data set."
        )
    return table


def _test(table: pd.DataFrame, rule: _Rule, where: str) -> pd.DataFrame:
    """The tests of one data set."""
    scores = table.pivot(index="seed", columns="variant", values="score")
    if BASELINE not in scores:
        raise ValueError(
            f"There is no variant {BASELINE!r} in the scores{where}: name the one without "
            f"attention so. Received: {', '.join(scores.columns)}."
        )
    variants = [name for name in table["variant"].unique() if name != BASELINE]
    if not variants:
        raise ValueError(f"There is no variant to compare with {BASELINE!r} in the scores{where}.")
    differences = scores[variants].sub(scores[BASELINE], axis=0)
    alone = [name for name in variants if differences[name].isna().all()]
    if alone:
        raise ValueError(
            f"{alone[0]} and {BASELINE} have no seed in common in the scores{where}: they are "
            "compared seed by seed."
        )
    decisions = decide({name: differences[name].to_numpy() for name in variants}, rule)
    rows = {}
    for name, decision in decisions.items():
        paired = differences[name].notna()
        used = scores[[name, BASELINE]].notna().any(axis=1)
        left_out = [str(seed) for seed in scores.index[used & ~paired]]
        interval = mean_interval(differences[name].to_numpy(), bounds=_bounds(table["score"]))
        rows[name] = {
            "verdict": decision.verdict,
            "explanation": _explanation(decision, interval.mean, int(paired.sum()), rule, left_out),
            "seeds": int(paired.sum()),
            "score": scores[name][paired].mean(),
            "baseline": scores[BASELINE][paired].mean(),
            "difference": interval.mean,
            "difference_low": interval.low,
            "difference_high": interval.high,
            "p_value": decision.p_value,
            "p_corrected": decision.p_corrected,
            "p_equivalent": decision.p_equivalent,
            "seeds_needed": decision.seeds_needed,
        }
    return pd.DataFrame.from_dict(rows, orient="index").rename_axis("variant")


def _bounds(scores: pd.Series) -> tuple[float, float]:
    """The largest possible differences of scores that are all between 0 and 1."""
    return (-1.0, 1.0) if scores.dropna().between(0, 1).all() else UNBOUNDED


def _explanation(
    decision: Decision, difference: float, seeds: int, rule: _Rule, left_out: list[str]
) -> str:
    """The verdict in one sentence, and what was left out in another."""
    found = f"{decision.verdict}: "
    if decision.verdict == UNDECIDED and seeds < LEAST_SEEDS:
        found += f"a verdict needs at least {LEAST_SEEDS} seeds, and there are {seeds}"
    elif decision.verdict == UNDECIDED:
        found += f"the difference of {difference:+.4g} is neither shown nor shown to be within "
        found += f"{rule.margin:g}"
        if np.isfinite(decision.seeds_needed):
            found += f"; about {decision.seeds_needed:,.0f} seeds would decide, there are {seeds}"
    elif decision.verdict == EQUIVALENT:
        found += f"within {rule.margin:g} of {BASELINE}"
        if decision.differs:
            found += f", although a smaller difference of {difference:+.4g} is shown"
    else:
        found += f"a difference of {difference:+.4g} to {BASELINE} is shown"
    if left_out:
        found += f". Left out, because one of the two lacks them: seeds {', '.join(left_out)}"
    return found + "."
