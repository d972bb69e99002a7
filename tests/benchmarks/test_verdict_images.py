import numpy as np
import pytest

from benchmarks import verdict_images

pytestmark = pytest.mark.once


def test_intervals_over_both_sources_cover_and_those_over_seeds_do_not():
    random = np.random.default_rng(0)
    found = verdict_images.simulate(0.0, 10, 1000, 500, random)
    assert found["both_coverage"] == pytest.approx(0.95, abs=0.03)
    assert found["both_false_difference"] < 0.09
    assert found["seeds_coverage"] < 0.5
    assert found["seeds_any_false"] > 0.5
