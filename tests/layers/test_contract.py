"""Every layer of the catalogue against the contract, on the backend of the process."""

import pytest

from keras_attn import catalogue, contract


# On JAX, the published vectors test every layer in both data formats.
@pytest.mark.slow_on("jax", but_representatives=True)
@contract.parametrize(*map(catalogue.describe, catalogue.list_layers()))
def test_contract(entry, check):
    check(entry)
