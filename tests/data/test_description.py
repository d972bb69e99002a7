"""What a model was trained for is stored in it and comes back."""

import json

import keras
import numpy as np
import pytest
from keras import layers

import keras_attn
from keras_attn.data import Dataset, Split
from keras_attn.data.description import ModelDescription, attach, describe_model

DESCRIPTION = ModelDescription(
    task="ordinal",
    class_names=("none", "mild", "severe"),
    value_range=(0.03, 0.37),
    image_shape=(8, 8, 1),
    dtype="float32",
    bits=16,
    dataset="grades",
    version="1.2",
)


def described():
    inputs = keras.Input((8, 8, 1))
    x = keras_attn.create("csa")(layers.Conv2D(4, 3)(inputs))
    outputs = layers.Dense(2, name="head")(layers.GlobalAveragePooling2D()(x))
    model = keras.Model(inputs, outputs)
    attach(model, DESCRIPTION)
    return model


def test_it_survives_saving_loading_and_cloning_and_changes_no_output(tmp_path):
    model = described()
    images = np.random.default_rng(0).random((2, 8, 8, 1), "float32")
    expected = model.predict(images, verbose=0)
    model.save(tmp_path / "one.keras")
    loaded = keras.models.load_model(tmp_path / "one.keras")
    loaded.save(tmp_path / "two.keras")
    assert type(loaded) is type(model)
    np.testing.assert_array_equal(loaded.predict(images, verbose=0), expected)
    for each in (model, loaded, tmp_path / "two.keras", keras.models.clone_model(loaded)):
        assert describe_model(each) == DESCRIPTION


def test_it_is_json_and_ignores_fields_of_later_versions():
    values = json.loads(json.dumps(DESCRIPTION.to_dict()))
    assert ModelDescription.from_dict({**values, "later": 1}) == DESCRIPTION


def test_attaching_again_replaces_it_without_nesting():
    model = described()
    attach(model, DESCRIPTION)
    head = model.get_layer("head")
    assert type(head.bias_initializer.initializer) is keras.initializers.Zeros


def test_a_new_head_does_not_inherit_it(tmp_path):
    backbone = described()
    head = layers.Dense(7)(backbone.layers[-2].output)
    nested = keras.Sequential([keras.Input((8, 8, 1)), backbone, layers.Dense(7)])
    for number, model in enumerate((keras.Model(backbone.input, head), nested)):
        path = tmp_path / f"{number}.keras"
        model.save(path)
        assert describe_model(model) is None
        assert describe_model(path) is None


def test_a_nested_head_is_found(tmp_path):
    model = keras.Sequential([keras.Input((8, 8, 1)), layers.Rescaling(0.5), described()])
    model.save(tmp_path / "model.keras")
    assert describe_model(model) == describe_model(tmp_path / "model.keras") == DESCRIPTION


def test_it_is_read_off_a_data_set():
    images = np.linspace(0, 0.4, 4 * 64, dtype="float32").reshape(4, 8, 8)
    part = Split(images, np.array([0, 1, 0, 1]))
    found = ModelDescription.of(Dataset("pets", "binary", ("cat", "dog"), part, part, part))
    assert (found.task, found.class_names, found.dataset) == ("binary", ("cat", "dog"), "pets")
    assert found.value_range == pytest.approx((0, 0.4))
    assert (found.image_shape, found.dtype, found.bits) == ((8, 8, 1), "float32", None)
    assert found.version == keras_attn.__version__


def test_what_cannot_be_described(tmp_path):
    with pytest.raises(ValueError, match="has no layer with an initializer"):
        attach(keras.Sequential([keras.Input((8,)), layers.ReLU()]), DESCRIPTION)
    path = tmp_path / "model.keras"
    with pytest.raises(FileNotFoundError, match="There is no file"):
        describe_model(path)
    path.write_text("text")
    with pytest.raises(ValueError, match=r"is not a \.keras file"):
        describe_model(path)
    with pytest.raises(ValueError, match="`task` must be one of"):
        ModelDescription("regression", ("a", "b"), (0, 255), (8, 8, 1))
