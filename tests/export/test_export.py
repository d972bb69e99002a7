"""Exported models give what Keras gives: what docs/export.md says works, works."""

import importlib.util
import json

import keras
import numpy as np
import pytest

import keras_attn
from benchmarks.export import RESULTS, TOLERANCE, differences
from keras_attn import export

BACKEND = keras.backend.backend()
FORMATS = [name for name, each in export.FORMATS.items() if BACKEND in each.backends]


def needs(format):
    module = export.FORMATS[format].runtime.partition(".")[0]
    if importlib.util.find_spec(module) is None:
        pytest.skip(f"{module}, which runs {format}, is not installed")


#: Layers that differ in what they ask of an exporter; `make test-all` exports all of them.
REPRESENTATIVES = {"csa", "scsa_synergistic", "cpca"}


@pytest.mark.slow_on("jax", "torch")
@pytest.mark.filterwarnings("ignore")  # of the exporters, about each other's versions
@pytest.mark.parametrize("keys", [REPRESENTATIVES, pytest.param(None, marks=pytest.mark.slow)])
@pytest.mark.parametrize("format", FORMATS)
def test_every_layer_that_is_said_to_work(format, keys):
    needs(format)
    found = json.loads(RESULTS.read_text())["results"][BACKEND][format]
    assert set(found) == set(keras_attn.list_layers())
    works = [key for key, value in found.items() if not isinstance(value, str)]
    assert len(works) >= len(found) - 1
    chosen = [key for key in works if keys is None or key in keys]
    assert max(differences(chosen, format).values()) < TOLERANCE


def model():
    inputs = keras.Input((8, 8, 3))
    x = keras_attn.create("csa", data_format="channels_last")(inputs)
    return keras.Model(inputs, keras.layers.GlobalAveragePooling2D()(x))


def test_unknown_and_impossible_formats_are_refused(tmp_path):
    with pytest.raises(ValueError, match=r"`format` must be one of onnx, .*Received: 'pickle'"):
        export.export_model(model(), tmp_path / "model", "pickle")
    impossible = "litert" if BACKEND != "tensorflow" else "torch"
    with pytest.raises(ValueError, match=rf"not on {BACKEND}. Set KERAS_BACKEND="):
        export.export_model(model(), tmp_path / "model", impossible)


@pytest.mark.slow_on("jax")
@pytest.mark.filterwarnings("ignore")
def test_nothing_is_overwritten_and_a_wrong_file_is_noticed(tmp_path):
    needs("onnx")
    path = export.export_model(model(), tmp_path / "deep" / "model", "onnx")
    assert path.name == "model.onnx"
    with pytest.raises(ValueError, match="already exists"):
        export.export_model(model(), path, "onnx")
    images = np.random.default_rng(0).random((3, 8, 8, 3), "float32")
    # Another model's weights: a comparison that could not fail would be worth nothing.
    assert export.largest_difference(model(), path, "onnx", images) > 1e-3
