"""What export writes is run before it is kept: several inputs and outputs, state, open sizes."""

import keras
import numpy as np
import pytest
from keras import layers

import keras_attn
from keras_attn import export

from .test_export import BACKEND, FORMATS, needs

pytestmark = pytest.mark.filterwarnings("ignore")  # of the exporters, about each other's versions

#: What no exporter of Keras writes: OpenVINO's for PyTorch does not trace dictionaries.
IMPOSSIBLE = {("torch", "openvino", dict)}


def several(structure):
    """Two inputs of one shape, three outputs of one shape, in an order that is not alphabetical."""
    zeta, alpha = keras.Input((4, 4, 3), name="zeta"), keras.Input((4, 4, 3), name="alpha")
    shared = layers.Conv2D(2, 1, name="shared", data_format="channels_last")
    pooling = {"data_format": "channels_last"}
    outputs = [
        layers.GlobalAveragePooling2D(name="pooled", **pooling)(shared(zeta)),
        layers.Dense(2, name="flat")(layers.Flatten()(alpha)),
        layers.GlobalMaxPooling2D(name="maximum", **pooling)(shared(alpha)),
    ]
    if structure is list:
        return keras.Model([zeta, alpha], outputs)
    names = ("second", "third", "first")
    return keras.Model({"zeta": zeta, "alpha": alpha}, dict(zip(names, outputs, strict=True)))


@pytest.mark.slow_on("jax")
@pytest.mark.parametrize("structure", [list, dict])
@pytest.mark.parametrize("format", FORMATS)
def test_inputs_and_outputs_keep_their_order(format, structure, tmp_path):
    needs(format)
    model = several(structure)
    if (BACKEND, format, structure) in IMPOSSIBLE:
        with pytest.raises(ValueError, match=r"does not work as openvino.*no file was kept"):
            export.export_model(model, tmp_path / "model", format)
        return
    path = export.export_model(model, tmp_path / "model", format)
    generator = np.random.default_rng(1)
    images = {name: generator.random((3, 4, 4, 3), "float32") for name in ("alpha", "zeta")}
    assert export.largest_difference(model, path, format, images) < 1e-5
    assert export.largest_difference(model, path, format) < 1e-5
    swapped = {"alpha": images["zeta"], "zeta": images["alpha"]}
    given = [images["zeta"], images["alpha"]] if structure is list else images
    run = export.load_exported(path, format, model)
    expected = keras.tree.flatten(model.predict_on_batch(given))
    flat = keras.tree.flatten(given)
    for found, wanted in zip(run(flat), expected, strict=True):
        np.testing.assert_allclose(found, wanted, rtol=1e-4, atol=1e-5)
    assert export.largest_difference(model, path, format, swapped) < 1e-5
    assert np.abs(run(flat[::-1])[0] - expected[0]).max() > 1e-3


def normalized():
    """A mean and variance that are not weights, and attention that was inserted by surgery."""
    inputs = keras.Input((8, 8, 3))
    x = layers.Normalization(mean=[0.1, 0.2, 0.3], variance=[1.0, 2.0, 3.0])(inputs)
    adapted = layers.Normalization(name="adapted")
    adapted.adapt(np.random.default_rng(0).random((16, 8, 8, 3)))
    blend = keras_attn.layers.Blend(
        keras_attn.create("csa", data_format="channels_last", reduction=1), name="blend"
    )
    x = blend(adapted(x))
    blend.blend.assign(0.7)
    return keras.Model(inputs, layers.GlobalAveragePooling2D(data_format="channels_last")(x))


@pytest.mark.parametrize("format", FORMATS)
def test_a_normalization_and_a_blend_are_part_of_the_file(format, tmp_path):
    needs(format)
    model = normalized()
    mean = model.layers[1].mean
    path = export.export_model(model, tmp_path / "model", format)
    assert export.largest_difference(model, path, format) < 1e-4
    assert model.layers[1].mean is mean


def open_model(key="csa"):
    inputs = keras.Input((None, None, 4))
    entry = keras_attn.describe(key)
    config = {**entry.default_config, **entry.sample, "data_format": "channels_last"}
    x = entry.create(**config)(inputs)
    return keras.Model(inputs, layers.GlobalAveragePooling2D(data_format="channels_last")(x))


ADVICE = r"fix the open sizes, as in input_shape=\(224, 224, 4\)"


@keras.saving.register_keras_serializable("user")
class OfTheUser(layers.Layer):
    """A layer that another process does not know."""

    def call(self, x):
        return 2 * x


@pytest.mark.skipif(BACKEND == "tensorflow", reason="TensorFlow writes it in this process")
def test_a_layer_that_the_other_process_does_not_know_is_named(tmp_path):
    needs("onnx")
    inputs = keras.Input((None, None, 4))
    model = keras.Model(inputs, OfTheUser()(inputs))
    with pytest.raises(ValueError, match=f"KERAS_BACKEND=tensorflow: .*OfTheUser.*{ADVICE}"):
        export.export_model(model, tmp_path / "model", "onnx")
    assert list(tmp_path.iterdir()) == []


def test_open_sizes_work_at_two_sizes_or_are_refused_with_advice(tmp_path, monkeypatch):
    needs("onnx")
    model = open_model("sa")
    path = export.export_model(model, tmp_path / "model", "onnx")
    assert export.largest_difference(model, path, "onnx") < 1e-4
    if BACKEND != "tensorflow":
        # Without TensorFlow, the backend's own exporter refuses it.
        monkeypatch.setattr("keras_attn.export.write.find_spec", lambda name: None)
        with pytest.raises(ValueError, match=ADVICE):
            export.export_model(model, tmp_path / "own", "onnx")
        assert [each.name for each in tmp_path.iterdir()] == ["model.onnx"]
    path = export.export_model(model, tmp_path / "fixed", "onnx", input_shape=(32, 24, 4))
    images = np.random.default_rng(0).random((2, 32, 24, 4), "float32")
    assert export.largest_difference(model, path, "onnx", images) < 1e-4
    with pytest.raises(ValueError, match=r"`input_shape` must have the sizes.*\(32, 24\)"):
        export.export_model(model, tmp_path / "other", "onnx", input_shape=(32, 24))


@pytest.mark.slow
@pytest.mark.skipif(BACKEND == "jax", reason="JAX compiles every operation of 36 layers")
def test_every_layer_is_written_with_open_sizes(tmp_path):
    needs("onnx")
    inputs = keras.Input((None, None, 32))
    maps = []
    for key in keras_attn.list_layers():
        entry = keras_attn.describe(key)
        config = {**entry.default_config, **entry.sample, "data_format": "channels_last"}
        maps.append(keras.tree.flatten(entry.create(**config)(inputs))[0])
    path = export.export_model(keras.Model(inputs, maps), tmp_path / "model", "onnx")
    assert path.exists()


class Unstable(layers.Layer):
    """Returns other numbers in every call, which no file can reproduce."""

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.generator = keras.random.SeedGenerator(0)

    def call(self, x):
        return x + keras.random.uniform((1, 2), seed=self.generator)


def test_a_file_that_does_not_return_the_same_is_not_kept(tmp_path):
    format = "torch" if BACKEND == "torch" else "tf_saved_model"
    needs(format)
    inputs = keras.Input((2,))
    model = keras.Model(inputs, Unstable(name="unstable")(inputs))
    with pytest.raises(ValueError, match="so no file was kept"):
        export.export_model(model, tmp_path / "model", format)
    assert list(tmp_path.iterdir()) == []


def test_a_model_without_known_input_is_refused(tmp_path):
    needs("onnx")
    model = keras.Sequential([layers.Dense(2)])
    with pytest.raises(ValueError, match="Sequential model that begins with an Input"):
        export.export_model(model, tmp_path / "model", "onnx")
