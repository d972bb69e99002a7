import numpy as np
import pandas as pd
import pytest
from scipy import stats

from keras_attn.study.statistics import mean_interval, summarise


def table(rows):
    frame = pd.DataFrame(rows, columns=["topology", "seed", "auc"])
    return frame.assign(diverged=frame["auc"].isna(), parameters=7, seconds_per_epoch=0.5)


def test_the_interval_is_that_of_the_t_test():
    values = np.random.default_rng(0).normal(0.8, 0.05, 6)
    expected = stats.ttest_1samp(values, 0).confidence_interval(0.95)
    assert mean_interval(values) == pytest.approx((values.mean(), expected.low, expected.high))


def test_one_value_has_a_mean_and_no_interval():
    mean, low, high = mean_interval(np.array([0.7, np.nan]))
    assert mean == 0.7
    assert np.isnan([low, high]).all()
    assert np.isnan(mean_interval(np.array([np.nan]))).all()


def test_differences_are_paired_by_seed_whatever_the_order():
    random = np.random.default_rng(1)
    baseline, attended = random.random(4), random.random(4)
    rows = [("none", seed, baseline[seed]) for seed in range(4)]
    rows += [("csa", seed, attended[seed]) for seed in (2, 0, 3, 1)]
    summary = summarise(table(rows))
    expected = stats.ttest_rel(attended, baseline).confidence_interval(0.95)
    found = summary.loc["csa", ["auc_difference", "auc_difference_low", "auc_difference_high"]]
    assert found.tolist() == pytest.approx(
        [(attended - baseline).mean(), expected.low, expected.high]
    )
    assert summary.loc["none", ["auc_difference", "auc_difference_low"]].isna().all()


def test_diverged_trials_are_counted_and_not_averaged():
    rows = [("none", 0, 0.5), ("none", 1, 0.7), ("csa", 0, np.nan), ("csa", 1, 0.9)]
    summary = summarise(table(rows))
    assert summary.loc["csa", ["n", "diverged"]].tolist() == [1, 1]
    assert summary.loc["csa", "auc"] == 0.9
    assert summary.loc["csa", "auc_difference"] == pytest.approx(0.2)
    assert summary.index.tolist() == ["none", "csa"]
