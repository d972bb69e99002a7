"""The attention gate against vectors of the published code, and as a layer of two inputs."""

import json
import os
from pathlib import Path

import keras
import numpy as np
import pytest
from gradients import output_and_input_gradients

import keras_attn
from keras_attn.gates.parts import size
from keras_attn.layers import AttentionGate

FOLDER = os.environ.get("KERAS_ATTN_VECTORS")
FILES = sorted(Path(FOLDER).glob("attention_gate*.npz")) if FOLDER else []


@pytest.mark.skipif(not FILES, reason="KERAS_ATTN_VECTORS does not name the published vectors")
@pytest.mark.parametrize("data_format", ["channels_last", "channels_first"])
@pytest.mark.parametrize("file", FILES, ids=[file.stem for file in FILES])
def test_output_gate_and_gradients_are_the_published_ones(file, data_format):
    vectors = np.load(file, allow_pickle=False)
    last = data_format == "channels_last"

    def ours(array):
        return np.moveaxis(array, 1, -1) if last else array

    def theirs(array):
        return np.moveaxis(array, -1, 1) if last else array

    x, gating, r = (ours(vectors[name]) for name in ("x", "g", "r"))
    layer = AttentionGate(data_format=data_format, **json.loads(str(vectors["config"])))
    layer.build(x.shape, gating.shape)
    state_dict = {
        name.removeprefix("weights/"): vectors[name]
        for name in vectors.files
        if name.startswith("weights/")
    }
    keras_attn.load_torch_weights(layer, state_dict)
    assert sum(map(size, layer.trainable_weights)) == vectors["parameters"]
    y, (by_x, by_gating) = output_and_input_gradients(layer, (x, gating), r)
    for found, name, tolerance in (
        (y, "y", vectors["tolerance"][0]),
        (by_x, "gx", vectors["tolerance"][1]),
        (by_gating, "gg", vectors["tolerance"][1]),
    ):
        error = np.abs(theirs(found) - vectors[name]).max() / np.abs(vectors[name]).max()
        assert error <= tolerance, name
    if "y_att" in vectors:
        gate = keras.ops.convert_to_numpy(layer.gates(x, gating)["spatial"])
        np.testing.assert_allclose(theirs(gate), vectors["y_att"], atol=1e-6)


@pytest.mark.parametrize("variant", ["grid", "additive"])
def test_a_saved_model_computes_the_same(tmp_path, variant):
    skip, gating = keras.Input((6, 7, 5)), keras.Input((6, 7, 3))
    gate = AttentionGate(variant=variant, name="gate")
    model = keras.Model([skip, gating], gate(skip, gating))
    model.save(tmp_path / "gate.keras")
    again = keras.saving.load_model(tmp_path / "gate.keras")
    random = np.random.default_rng(0)
    inputs = [random.normal(size=(2, *each.shape[1:])).astype("float32") for each in model.inputs]
    expected = model.predict(inputs, verbose=0)
    np.testing.assert_array_equal(again.predict(inputs, verbose=0), expected)
    assert again.get_layer("gate").get_config() == gate.get_config()


@pytest.mark.once
@pytest.mark.parametrize(
    "config", [{}, {"subsample": 3}, {"variant": "additive", "intermediate_channels": 5}]
)
def test_the_catalogue_has_it_beside_the_layers_of_one_map(config):
    entry = keras_attn.describe("attention_gate", **config)
    layer = keras_attn.create("attention_gate", data_format="channels_last", **config)
    assert isinstance(layer, AttentionGate)
    layer.build((None, 8, 8, 12), (None, 8, 8, 7))
    count = sum(map(size, layer.trainable_weights))
    assert entry.parameters(12, gating_channels=7) == count
    assert entry.source == "arXiv:1804.03999"
    assert "attention_gate" not in keras_attn.list_layers()


@pytest.mark.once
def test_it_does_not_fit_a_place_of_one_map():
    inputs = keras.Input((8, 8, 3))
    model = keras.Model(inputs, keras.layers.Conv2D(4, 3, name="features")(inputs))
    with pytest.raises(ValueError, match=r"called with two maps.*attention_gate@skip"):
        keras_attn.insert_attention(model, "attention_gate", where="features")


@pytest.mark.once
@pytest.mark.parametrize(
    ("arguments", "shapes", "message"),
    [
        ({"variant": "both"}, None, "`variant` must be one of"),
        ({"subsample": 0}, None, "`subsample` must be"),
        ({}, ((2, 8, 3), (2, 8, 3)), "two maps with two or three spatial axes"),
        ({}, ((2, 8, 8, 3), (2, 8, 8, 8, 3)), "two maps with two or three spatial axes"),
        ({"variant": "additive"}, ((2, 8, 8, 3), (2, 4, 4, 3)), r"of one size\. Received"),
    ],
)
def test_what_does_not_fit_is_refused(arguments, shapes, message):
    with pytest.raises(ValueError, match=message):
        AttentionGate(**arguments).build(*(shapes or ()))
