"""Ranks of topologies over several image sets: Friedman's test and the critical difference.

After J. Demšar, "Statistical Comparisons of Classifiers over Multiple Data Sets", JMLR 7 (2006).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import scikit_posthocs
from scipy import stats

from keras_attn.study.inference import LEVEL
from keras_attn.study.question import Question

#: The smallest numbers of image sets and of networks that are ranked.
LEAST_BLOCKS, LEAST_NETWORKS = 3, 3


@dataclass(frozen=True)
class Ranking:
    """The mean ranks of networks over image sets.

    Attributes:
        ranks: Mean rank of each network, 1 for the best mean score; the lowest first.
        blocks: The number of image sets (or training sizes).
        p_value: The p-value of Friedman's test that all ranks are equal.
        critical_difference: Mean ranks that differ by less are not shown to differ (Nemenyi).
        pairs: The p-value of each pair (Nemenyi).
    """

    ranks: pd.Series
    blocks: int
    p_value: float
    critical_difference: float
    pairs: pd.DataFrame

    @property
    def differs(self) -> bool:
        """Whether the test supports that the networks differ at all."""
        return self.p_value < LEVEL

    def as_dict(self) -> dict[str, Any]:
        """The ranking without the pairs, for JSON."""
        return {
            "ranks": self.ranks.to_dict(),
            "groups": self.blocks,
            "friedman_p_value": self.p_value,
            "critical_difference": self.critical_difference,
        }


def rank(results: pd.DataFrame, question: Question | None = None) -> Ranking | None:
    """Ranks the networks of several groups.

    Args:
        results: One row per trial, as `Comparison.results`.
        question: Names the metric that is ranked; AUC if None.

    Returns:
        The ranking over the groups in which every network has a result; None if there are fewer
        than three of them, or fewer than three networks.
    """
    question = question or Question()
    scores = results.pivot_table(
        index=["dataset", "train_samples"],
        columns="topology",
        values=question.headline,
        aggfunc="mean",
        sort=False,
    ).reindex(columns=list(results["topology"].unique()))
    scores = scores.dropna()
    blocks, networks = scores.shape
    if blocks < LEAST_BLOCKS or networks < LEAST_NETWORKS:
        return None
    better_first = question.sign * scores
    ranks = better_first.rank(axis=1, ascending=False).mean().sort_values(kind="stable")
    quantile = stats.studentized_range.ppf(1 - LEVEL, networks, np.inf) / np.sqrt(2)
    return Ranking(
        ranks=ranks,
        blocks=blocks,
        p_value=_friedman(scores.to_numpy()),
        critical_difference=float(quantile * np.sqrt(networks * (networks + 1) / (6 * blocks))),
        pairs=scikit_posthocs.posthoc_nemenyi_friedman(scores.reset_index(drop=True)),
    )


def _friedman(scores: np.ndarray) -> float:
    """The p-value; 1 where every network has the same score."""
    if (np.ptp(scores, axis=1) == 0).all():
        return 1.0
    return float(stats.friedmanchisquare(*scores.T).pvalue)
