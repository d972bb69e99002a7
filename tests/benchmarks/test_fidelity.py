"""The shipped vectors are those of the oracle, and every layer is close to them."""

import numpy as np
import pytest

from benchmarks import fidelity
from keras_attn import catalogue


def test_every_layer_is_close_to_its_vector():
    differences = fidelity.measured()
    assert list(differences) == catalogue.list_layers()
    assert max(differences.values()) < 1e-5


@pytest.mark.parametrize("key", ["csa", "gam", "abn"])
def test_the_vectors_are_those_of_the_oracle(key):
    with np.load(fidelity.VECTORS) as vectors:
        np.testing.assert_allclose(vectors[key], fidelity.vector(key), rtol=1e-5, atol=1e-6)


def test_the_vectors_are_small_and_the_page_has_every_backend():
    assert fidelity.VECTORS.stat().st_size < 200_000
    found = fidelity.stored()
    assert set(found) == {"tensorflow", "jax", "torch"}
    for content in found.values():
        assert set(content["difference"]) == set(catalogue.list_layers())
