"""The names that `import keras_attn` gives."""

import dataclasses
import os
import subprocess
import sys

import keras_attn


def test_public_names_are_exactly_those_listed():
    names = dir(keras_attn)
    assert {"compare", "create", "describe_model", "export", "visualize"} <= set(names)
    assert not {"Any", "require", "annotations", "version", "TYPE_CHECKING"} & set(names)
    assert set(keras_attn.__all__) == set(names)
    assert all(getattr(keras_attn, name) is not None for name in names)


WITHOUT_EXTRAS = """
import sys

sys.modules.update(pandas=None, typer=None, matplotlib=None, PIL=None)
import keras_attn

assert keras_attn.export.export_model and keras_attn.visualize.read_gates
for statement in ("keras_attn.compare", "keras_attn.test_scores", "import keras_attn.cli"):
    try:
        exec(statement)
    except (ImportError, SystemExit) as error:
        print(statement, error)
from keras_attn import *

assert create("csa") and visualize
assert not {"compare", "test_scores"} & {*dir()}
"""


def test_without_extras_everything_else_works_and_errors_say_what_to_install():
    # JAX is imported in half the time of the others.
    found = subprocess.run(
        [sys.executable, "-c", WITHOUT_EXTRAS],
        capture_output=True,
        text=True,
        env={**os.environ, "KERAS_BACKEND": "jax"},
    )
    assert found.returncode == 0, found.stderr
    assert found.stdout.count('pip install ".[study]"') == 3


def test_a_registered_layer_is_not_one_of_the_published_topologies(monkeypatch):
    from keras_attn.catalogue import lookup

    monkeypatch.setattr(lookup, "_ENTRIES", dict(lookup._ENTRIES))
    lookup.register(dataclasses.replace(keras_attn.describe("csa"), key="mine"))
    assert "mine" in keras_attn.list_layers()
    assert len(keras_attn.list_topologies()) == 18
