"""The simulation of verdicts, and that wrong verdicts are as rare as the page says."""

import json

import numpy as np
import pytest

from benchmarks import verdicts

pytestmark = pytest.mark.once

STUDIES = 1500


@pytest.mark.parametrize("truth", ["no difference", "at the margin", "none and at the margin"])
@pytest.mark.parametrize("seeds", [5, 10])
def test_wrong_verdicts_are_rare_over_all_variants(truth, seeds):
    random = np.random.default_rng(0)
    most = 0.05 + 3 * (0.05 * 0.95 / STUDIES) ** 0.5
    for spread in (0.3, 3.0):
        found = verdicts.simulate(
            verdicts.TRUTHS[truth], seeds, 3, spread, "normal", STUDIES, random
        )
        assert found["any_false"] <= most


def test_right_verdicts_are_frequent_where_the_spread_is_small():
    random = np.random.default_rng(0)
    arguments = (5, 3, 0.2, "normal", 200, random)
    assert verdicts.simulate((0.0,), *arguments)["equivalent"] > 0.95
    assert verdicts.simulate((2.0,), *arguments)["better"] > 0.95
    assert verdicts.simulate((-2.0,), *arguments)["worse"] > 0.95
    assert verdicts.simulate((2.0,), 4, *arguments[1:])["undecided"] == 1


def test_the_kept_results_are_those_of_all_settings_and_keep_the_error_level():
    results = json.loads(verdicts.RESULTS.read_text(encoding="utf-8"))
    place = {name: results["columns"].index(name) for name in ("seeds", "variants", "any_false")}
    rows = results["rows"]
    assert {row[place["seeds"]] for row in rows} == set(verdicts.SEEDS)
    assert {row[place["variants"]] for row in rows} == set(verdicts.VARIANTS)
    most = 0.05 + 3.5 * (0.05 * 0.95 / results["studies"]) ** 0.5
    assert max(row[place["any_false"]] for row in rows) <= most
