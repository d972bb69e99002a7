"""Every layer of the catalogue against the contract, on the backend of the process."""

from keras_attn import catalogue, contract


@contract.parametrize(*map(catalogue.describe, catalogue.list_layers()))
def test_contract(entry, check):
    check(entry)
