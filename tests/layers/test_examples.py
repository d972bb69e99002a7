"""The examples in the docstrings do what they say."""

import doctest
import importlib
import pkgutil

import pytest

import keras_attn

MODULES = [
    module.name
    for module in pkgutil.walk_packages(keras_attn.__path__, "keras_attn.")
    if not module.name.endswith("__main__")
]


@pytest.mark.parametrize("name", MODULES)
def test_examples(name):
    failures, _ = doctest.testmod(importlib.import_module(name), raise_on_error=False)
    assert failures == 0
