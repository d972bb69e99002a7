"""Surgery on the networks that people have: what was learned is kept, and nothing else changes."""

import keras
import numpy as np
import pytest
from keras import ops

import keras_attn
from keras_attn.graph.read import graph_of, trace
from keras_attn.layers import Blend

from .conftest import architecture

#: Network -> where its attention goes, and in how many places. `make test-all` tests the slow ones.
ARCHITECTURES = {
    "ResNet50": ("blocks", 16),
    "MobileNetV2": ("blocks", 10),
    "EfficientNetB0": ("stages", 4),
    "ConvNeXtTiny": ("blocks", 18),
    "DenseNet121": ("stages", 4),
    "VGG16": ("block*_conv3", 3),
    "keras_cv ResNet": ("stages", 4),
    "keras_cv MobileNetV3": ("blocks", 3),
    "keras_hub ResNet": ("blocks", 4),
}

SLOW = ("ResNet50", "EfficientNetB0", "ConvNeXtTiny", "DenseNet121", "VGG16", "keras_cv ResNet")

#: These are compiled for a quarter of a minute or more; PyTorch compiles nothing.
SLOW_TO_COMPILE = ("MobileNetV2", "keras_cv MobileNetV3")


def marks_of(name):
    if name in SLOW:
        return [pytest.mark.slow]
    return [pytest.mark.slow_on("jax", "tensorflow")] * (name in SLOW_TO_COMPILE)


def by_path(model):
    """Path -> layer, of nested models too."""
    return {
        step.path: step.operation
        for step in trace(graph_of(model), graph_of(model)._inputs_struct)[0]
        if isinstance(step.operation, keras.layers.Layer)
    }


def weights(layer):
    return [ops.convert_to_numpy(variable) for variable in layer.variables]


def assert_equal(values, expected):
    for value, other in zip(values, expected, strict=True):
        np.testing.assert_array_equal(value, other)


# keras_cv's squeeze and excitation builds its parts when it is called, and Keras says so.
@pytest.mark.filterwarnings("ignore:`build..` was called on layer:UserWarning")
@pytest.mark.parametrize("name", [pytest.param(n, marks=marks_of(n)) for n in ARCHITECTURES])
def test_what_was_learned_is_kept(name, tmp_path):
    where, count = ARCHITECTURES[name]
    model = architecture(name)
    images = np.random.default_rng(0).random((2, 64, 64, 3), "float32")
    before = weights(model)
    frozen = [layer for index, layer in enumerate(model.layers) if index % 3 == 0]
    for layer in frozen:
        layer.trainable = False
    outputs = model.predict_on_batch(images)

    attended = keras_attn.insert_attention(model, "csa", where)
    again = attended.predict_on_batch(images)
    np.testing.assert_allclose(again, outputs, rtol=0, atol=1e-6 * max(1, np.abs(outputs).max()))

    layers = by_path(attended)
    blends = [layer for layer in layers.values() if isinstance(layer, Blend)]
    assert len(blends) == count
    for path, layer in by_path(model).items():
        assert layers[path] is not layer or not layer.weights
        assert layers[path].trainable == layer.trainable
        assert_equal(weights(layers[path]), weights(layer))
    assert attended.count_params() - model.count_params() == sum(b.count_params() for b in blends)

    attended.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras", compile=False)
    np.testing.assert_allclose(loaded.predict_on_batch(images), again, rtol=1e-5, atol=1e-6)

    # Not `weights`: a frozen dropout draws new numbers all the same.
    kept = {path: layer.get_weights() for path, layer in layers.items() if not layer.trainable}
    eager = keras.backend.backend() != "jax"  # compiling takes longer, but not on JAX
    attended.compile(keras.optimizers.SGD(0.1), "mse", run_eagerly=eager)
    loss = attended.train_on_batch(images, np.zeros_like(outputs))
    assert np.isfinite(loss)
    assert all(float(ops.convert_to_numpy(blend.blend)) != 0 for blend in blends)
    for path, values in kept.items():
        assert_equal(layers[path].get_weights(), values)

    assert_equal(weights(model), before)
    restored = keras_attn.remove_attention(keras_attn.insert_attention(model, "csa", where))
    assert by_path(restored).keys() == by_path(model).keys()
    np.testing.assert_allclose(restored.predict_on_batch(images), outputs, rtol=1e-5, atol=1e-6)
