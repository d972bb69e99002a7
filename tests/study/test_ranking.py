import numpy as np
import pandas as pd
import pytest
from scipy import stats

from keras_attn.study.ranking import rank

pytestmark = pytest.mark.once

# Four networks over ten image sets: a is mostly first.
SCORES = np.random.default_rng(0).random((10, 4)) * 0.2 + np.array([0.7, 0.6, 0.55, 0.5])


def table(scores, seeds=3):
    random = np.random.default_rng(1)
    rows = [
        (f"set {place}", 100, network, seed, score + noise)
        for place, row in enumerate(scores)
        for network, score in zip("abcd", row, strict=False)
        for seed, noise in enumerate(
            (lambda each: each - each.mean())(random.normal(0, 0.01, seeds))
        )
    ]
    return pd.DataFrame(rows, columns=["dataset", "train_samples", "topology", "seed", "auc"])


def test_ranks_and_test_are_those_of_the_means_over_seeds():
    ranking = rank(table(SCORES))
    expected = stats.rankdata(-SCORES, axis=1).mean(axis=0)
    assert ranking.ranks[list("abcd")].to_numpy() == pytest.approx(expected)
    assert ranking.ranks.is_monotonic_increasing
    assert ranking.p_value == pytest.approx(stats.friedmanchisquare(*SCORES.T).pvalue)
    assert ranking.blocks == 10


def test_the_critical_difference_is_that_of_demsars_table():
    # q for four classifiers at 0.05 is 2.569 (Demšar 2006, table 5a).
    expected = 2.569 * np.sqrt(4 * 5 / (6 * 10))
    ranking = rank(table(SCORES))
    assert ranking.critical_difference == pytest.approx(expected, rel=1e-3)
    for one in "abcd":
        for other in "abcd":
            far = abs(ranking.ranks[one] - ranking.ranks[other]) > ranking.critical_difference
            assert (ranking.pairs.loc[one, other] < 0.05) == far


def test_image_sets_that_lack_a_network_do_not_count():
    frame = table(SCORES)
    frame = frame[~((frame["dataset"] == "set 3") & (frame["topology"] == "b"))]
    assert rank(frame).blocks == 9


def test_too_little_is_not_ranked():
    assert rank(table(SCORES[:2])) is None
    assert rank(table(SCORES[:, :2])) is None


def test_networks_that_score_the_same_do_not_differ():
    ranking = rank(table(np.full((5, 4), 0.5), seeds=1).assign(auc=0.5))
    assert ranking.p_value == 1
    assert not ranking.differs
