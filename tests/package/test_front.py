"""The names that `import keras_attn` gives."""

import dataclasses
import subprocess
import sys

import keras_attn


def test_public_names_are_exactly_those_listed():
    names = dir(keras_attn)
    assert {"compare", "create", "describe_model", "export", "visualize"} <= set(names)
    assert not {"Any", "require", "annotations", "version", "TYPE_CHECKING"} & set(names)
    assert set(keras_attn.__all__) == set(names)
    assert all(getattr(keras_attn, name) is not None for name in names)


def test_a_star_import_works_without_extras():
    code = (
        "import sys; sys.modules.update(pandas=None, typer=None, matplotlib=None, PIL=None)\n"
        "from keras_attn import *\nassert create('csa') and visualize\n"
        "assert not {'compare', 'test_scores'} & {*dir()}"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_a_registered_layer_is_not_one_of_the_published_topologies(monkeypatch):
    from keras_attn.catalogue import lookup

    monkeypatch.setattr(lookup, "_ENTRIES", dict(lookup._ENTRIES))
    lookup.register(dataclasses.replace(keras_attn.describe("csa"), key="mine"))
    assert "mine" in keras_attn.list_layers()
    assert len(keras_attn.list_topologies()) == 18
