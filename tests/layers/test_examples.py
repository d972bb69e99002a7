"""The examples in the docstrings do what they say."""

import doctest
import importlib
import pkgutil
import re
from pathlib import Path

import pytest

import keras_attn

MODULES = [
    module.name
    for module in pkgutil.walk_packages(keras_attn.__path__, "keras_attn.")
    if not module.name.endswith("__main__")
]


def depends_on_the_backend(name):
    return name.startswith(("keras_attn.layers", "keras_attn.gates", "keras_attn.kernels"))


@pytest.mark.slow_on("jax")
@pytest.mark.parametrize(
    "name",
    [
        pytest.param(name, marks=[pytest.mark.once] * (not depends_on_the_backend(name)))
        for name in MODULES
    ],
)
def test_examples(name):
    failures, _ = doctest.testmod(importlib.import_module(name), raise_on_error=False)
    assert failures == 0


@pytest.mark.once
def test_the_readme_runs():
    readme = (Path(__file__).parents[2] / "README.md").read_text(encoding="utf-8")
    blocks = re.findall(r"```python\n(.*?)```", readme, re.DOTALL)
    scope = {}
    for block in blocks:
        exec(block, scope)
    assert scope["model"].output_shape == (None, 10)
