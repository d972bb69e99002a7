import gc

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from keras_attn.study.inference import (
    corrected,
    mean_interval,
    p_value,
    power,
    seeds_needed,
    summarise,
    verdict,
)


@pytest.fixture(autouse=True, scope="module")
def without_collecting():
    """The library's correction collects garbage on every call, and there is much beside tests."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(gc, "collect", lambda *generation: 0)
        yield


def table(rows):
    frame = pd.DataFrame(rows, columns=["topology", "seed", "auc"])
    return frame.assign(
        diverged=frame["auc"].isna(),
        error="",
        parameters=7,
        macs=9,
        seconds_per_step=0.1,
        seconds_per_epoch=0.5,
    )


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


def holm(p_values):
    """Holm's step-down procedure, straight from its definition."""
    order = sorted(range(len(p_values)), key=lambda i: p_values[i])
    result, largest = [0.0] * len(p_values), 0.0
    for place, index in enumerate(order):
        largest = max(largest, min(1.0, (len(p_values) - place) * p_values[index]))
        result[index] = largest
    return result


@given(st.lists(st.floats(0, 1), min_size=1, max_size=12))
def test_the_correction_is_holms(p_values):
    assert corrected(np.array(p_values)) == pytest.approx(holm(p_values), abs=1e-12)


def test_what_was_not_tested_is_not_corrected_for():
    assert corrected(np.array([0.01, np.nan, 0.03])) == pytest.approx(
        [0.02, np.nan, 0.03], nan_ok=True
    )
    assert np.isnan(corrected(np.array([np.nan]))).all()


def test_the_p_value_is_that_of_the_paired_test():
    random = np.random.default_rng(2)
    one, other = random.random(6), random.random(6)
    assert p_value(one - other) == pytest.approx(stats.ttest_rel(one, other).pvalue)


@pytest.mark.parametrize("differences", [[], [0.1], [0.1, 0.1, 0.1], [0.0, 0.0], [np.nan, 0.2]])
def test_differences_that_do_not_vary_are_not_tested(differences):
    assert np.isnan(p_value(np.array(differences)))
    assert np.isnan(seeds_needed(np.array(differences), 3))


def test_a_difference_that_is_plain_is_called_so_and_one_that_is_not_is_not():
    random = np.random.default_rng(3)
    rows = [("none", seed, 0.7 + 0.01 * random.random()) for seed in range(6)]
    rows += [("csa", seed, 0.8 + 0.01 * random.random()) for seed in range(6)]
    rows += [("sa", seed, 0.6 + 0.01 * random.random()) for seed in range(6)]
    rows += [("ca", seed, 0.7 + 0.01 * random.random()) for seed in range(6)]
    summary = summarise(table(rows))
    assert summary["verdict"].tolist() == ["", "better", "worse", "not shown to differ"]
    raw = [summary.loc[key, "p_value"] for key in ("csa", "sa", "ca")]
    assert summary["p_corrected"].iloc[1:].tolist() == pytest.approx(holm(raw))
    assert summary.loc["ca", "seeds_needed"] > 6


def test_correction_can_take_a_difference_back():
    assert verdict(0.1, 0.049) == "better"
    assert verdict(0.1, 0.051) == "not shown to differ"
    assert verdict(-0.1, 0.01) == "worse"
    assert verdict(0.1, np.nan) == "not shown to differ"


def test_noise_alone_is_seldom_called_a_difference():
    """Over many studies in which nothing helps, five of a hundred may say that anything does."""
    random = np.random.default_rng(4)
    false = 0
    for _ in range(400):
        p_values = [p_value(random.normal(size=5)) for _ in range(6)]
        false += (corrected(np.array(p_values)) < 0.05).any()
    assert false / 400 < 0.05 + 3 * np.sqrt(0.05 * 0.95 / 400)


def test_as_many_seeds_as_are_said_to_be_needed_show_the_difference():
    random = np.random.default_rng(5)
    differences = np.array([0.02, 0.0, 0.03, 0.01])
    needed = int(seeds_needed(differences, comparisons=1))
    mean, spread = differences.mean(), differences.std(ddof=1)

    def share(seeds):
        draws = random.normal(mean, spread, (4000, seeds))
        return (stats.ttest_1samp(draws, 0, axis=1).pvalue < 0.05).mean()

    assert share(needed) >= 0.8 - 0.025
    assert share(needed - 1) < 0.8 + 0.025
    assert seeds_needed(differences, comparisons=10) > needed


def test_failed_trials_are_counted_apart():
    frame = table([("none", 0, 0.5), ("none", 1, 0.6), ("csa", 0, np.nan), ("csa", 1, 0.9)])
    frame["diverged"] = False
    frame.loc[2, "error"] = "MemoryError"
    summary = summarise(frame)
    assert summary.loc["csa", ["n", "diverged", "failed"]].tolist() == [1, 0, 1]


def test_the_control_is_outside_the_family_and_tested_against_its_topology():
    random = np.random.default_rng(5)
    values = {key: 0.7 + 0.01 * random.random(6) for key in ("none", "sa", "csa", "matched-csa")}
    values["csa"] += 0.03
    rows = [(key, seed, each[seed]) for key, each in values.items() for seed in range(6)]
    summary = summarise(table(rows))
    raw = [summary.loc[key, "p_value"] for key in ("sa", "csa")]
    assert summary.loc[["sa", "csa"], "p_corrected"].tolist() == pytest.approx(holm(raw))
    control = summary.loc["matched-csa"]
    assert np.isnan([control["p_value"], control["p_corrected"], control["seeds_needed"]]).all()
    assert control["verdict"] == ""
    expected = stats.ttest_rel(values["csa"], values["matched-csa"])
    row = summary.loc["csa"]
    assert row["control_p_value"] == pytest.approx(expected.pvalue)
    assert row["control_difference"] == pytest.approx(
        (values["csa"] - values["matched-csa"]).mean()
    )
    assert row["control_verdict"] == "better"
    assert summary.loc[["none", "sa", "matched-csa"], "control_verdict"].tolist() == ["", "", ""]


@pytest.mark.parametrize("effect", [0.2, 0.7, 1.5, 3.0])
@pytest.mark.parametrize("seeds", [3, 8, 20])
def test_the_power_is_that_of_the_noncentral_t_distribution(effect, seeds):
    critical, shift = stats.t.ppf(0.975, seeds - 1), effect * np.sqrt(seeds)
    expected = stats.nct.sf(critical, seeds - 1, shift) + stats.nct.cdf(-critical, seeds - 1, shift)
    if np.isfinite(expected):
        assert power(effect, seeds, 0.05) == pytest.approx(expected, abs=1e-8)


def test_a_larger_effect_never_needs_more_seeds():
    needed = [seeds_needed(np.array([e - 1, e, e + 1]), 3) for e in (1, 3, 10, 30, 100, 1e4)]
    assert np.isfinite(needed).all()
    assert needed == sorted(needed, reverse=True)
    assert needed[2] == 3
    assert needed[-1] == 2
    assert seeds_needed(np.array([-1.0, 0.0, 1.0]), 3) == np.inf
