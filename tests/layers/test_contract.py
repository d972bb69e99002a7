"""Every layer of the catalogue against the contract, on the backend of the process."""

import pytest

from keras_attn import catalogue
from keras_attn.contract import CHECKS


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__.removeprefix("check_"))
@pytest.mark.parametrize("key", catalogue.list_layers())
def test_contract(key, check):
    check(catalogue.describe(key))
