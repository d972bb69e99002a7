import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from keras_attn.study.inference import (
    corrected_pairs,
    equivalence_p_value,
    mean_interval,
    p_value,
    power,
    seeds_needed,
)

pytestmark = pytest.mark.once


def test_the_interval_is_that_of_the_t_test_and_ends_at_the_range_of_the_metric():
    values = np.random.default_rng(0).normal(0.8, 0.05, 6)
    expected = stats.ttest_1samp(values, 0).confidence_interval(0.95)
    assert mean_interval(values) == pytest.approx((values.mean(), expected.low, expected.high))
    assert mean_interval(np.array([0.6, 0.9]), bounds=(0, 1)) == (0.75, 0, 1)


def test_one_value_has_a_mean_and_no_interval():
    mean, low, high = mean_interval(np.array([0.7, np.nan]))
    assert mean == 0.7
    assert np.isnan([low, high]).all()
    assert np.isnan(mean_interval(np.array([np.nan]))).all()


def test_what_was_not_tested_is_not_corrected_for():
    pairs = corrected_pairs(np.array([[0.01, 0.5], [np.nan, np.nan], [0.3, 0.02]]))
    assert pairs == pytest.approx(
        np.array([[0.02, 0.6], [np.nan, np.nan], [0.6, 0.04]]), nan_ok=True
    )


def rejected_by_closure(p_values, level):
    """The closed test, straight from its definition, with Bonferroni tests of intersections.

    An intersection is of at most one hypothesis per variant; the others are empty. A hypothesis is
    rejected if every intersection that contains it is rejected.
    """
    variants = len(p_values)
    rejected = np.ones((variants, 2), bool)
    for choice in np.ndindex(*(3,) * variants):  # a hypothesis of each variant, or neither
        members = [(variant, kind) for variant, kind in enumerate(choice) if kind < 2]
        if members and min(p_values[each] for each in members) * len(members) > level:
            for each in members:
                rejected[each] = False
    return rejected


@given(
    st.lists(st.tuples(st.floats(0, 0.2), st.floats(0, 0.2)), min_size=1, max_size=4),
    st.floats(0.001, 0.2),
)
def test_the_correction_of_pairs_rejects_no_more_than_the_closed_test(pairs, level):
    """The closed test keeps the error level whatever is true, and so does all that rejects less."""
    p_values = np.array(pairs)
    found = corrected_pairs(p_values) <= level
    assert not (found & ~rejected_by_closure(p_values, level)).any()
    # What even the division by all variants shows is found.
    assert found[len(pairs) * p_values <= level].all()


def test_a_variant_that_is_shown_to_differ_within_the_margin_is_no_longer_counted():
    both = corrected_pairs(np.array([[0.001, 0.002], [0.04, 0.9]]))
    assert both == pytest.approx(np.array([[0.002, 0.004], [0.04, 0.9]]))
    assert corrected_pairs(np.array([[0.001, 0.9], [0.04, 0.9]]))[1, 0] == pytest.approx(0.08)


def test_the_p_values_are_those_of_the_paired_tests():
    random = np.random.default_rng(2)
    one, other = random.random(6), random.random(6)
    assert p_value(one - other) == pytest.approx(stats.ttest_rel(one, other).pvalue)
    one_sided = [
        stats.ttest_1samp(one - other, -0.5, alternative="greater").pvalue,
        stats.ttest_1samp(one - other, 0.5, alternative="less").pvalue,
    ]
    assert equivalence_p_value(one - other, 0.5) == pytest.approx(max(one_sided))


@pytest.mark.parametrize(
    ("differences", "differ", "equivalent"),
    [([0.1, 0.1, 0.1 + 1e-16], 0, 1), ([0.0, 0.0], 1, 0), ([0.004] * 5, 0, 0)],
)
def test_differences_that_do_not_vary_are_certain(differences, differ, equivalent):
    differences = np.array(differences)
    assert p_value(differences) == differ
    assert equivalence_p_value(differences, 0.01) == equivalent
    assert np.isnan(seeds_needed(differences, 3))


@pytest.mark.parametrize("differences", [[], [0.1], [np.nan, 0.2]])
def test_fewer_than_two_differences_are_not_tested(differences):
    differences = np.array(differences)
    assert np.isnan([p_value(differences), equivalence_p_value(differences, 0.01)]).all()
    assert np.isnan(seeds_needed(differences, 3))


@pytest.mark.parametrize("margin", [0.0, 0.015])
def test_as_many_seeds_as_are_said_to_be_needed_decide(margin):
    random = np.random.default_rng(5)
    differences = np.array([0.02, 0.0, 0.03, 0.01]) if not margin else 0.01 * random.normal(size=6)
    needed = int(seeds_needed(differences, 1, margin))
    mean, spread = differences.mean(), differences.std(ddof=1)

    def share(seeds):
        draws = random.normal(mean, spread, (4000, seeds))
        differs = stats.ttest_1samp(draws, 0, axis=1).pvalue < 0.05
        reach = stats.t.ppf(0.95, seeds - 1) * draws.std(axis=1, ddof=1) / np.sqrt(seeds)
        return (differs | (np.abs(draws.mean(axis=1)) + reach < margin)).mean()

    assert share(needed) >= 0.8 - 0.025
    assert share(needed - 1) < 0.8 + 0.025
    assert seeds_needed(differences, 10, margin) > needed


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
    assert np.isfinite(seeds_needed(np.array([-1.0, 0.0, 1.0]), 3, margin=0.5))
    assert seeds_needed(np.array([0.9, 1.0, 1.1]), 3, margin=0.5, least=5) == 5
