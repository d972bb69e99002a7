"""Tests draw the same random numbers in every run and in any order."""

import keras
import numpy as np
import pytest

#: What the tests below drew.
drawn = []


@pytest.mark.parametrize("turn", range(2))
def test_every_test_draws_the_same_initial_values(turn):
    weights = keras.ops.convert_to_numpy(keras.initializers.RandomNormal()((3,)))
    drawn.append([*weights, np.random.random()])
    assert drawn[0] == drawn[-1]
    assert len({*weights}) == 3
