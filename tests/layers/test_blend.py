"""The start at the identity, whatever the attention returns."""

import keras
import numpy as np
import pytest
from keras import layers, ops

from keras_attn.layers import CSA, Blend


class Overflow(layers.Layer):
    """Returns infinity, minus infinity and NaN in the first three positions."""

    def call(self, x):
        wrong = np.zeros((1, 4, 4, 2), "float32")
        wrong[0, 0, :3] = np.array([[np.inf], [-np.inf], [np.nan]])
        return 2 * x + ops.cast(wrong, x.dtype)


@pytest.mark.parametrize("dtype", ["float32", "mixed_float16"])
def test_it_is_the_identity_where_the_attention_overflows(dtype):
    layer = Blend(Overflow(dtype=dtype), dtype=dtype)
    x = np.full((1, 4, 4, 2), 1000, "float16" if dtype == "mixed_float16" else dtype)
    np.testing.assert_array_equal(ops.convert_to_numpy(layer(x)), x)
    layer.blend.assign(1)
    y = ops.convert_to_numpy(layer(x)).astype("float32")
    np.testing.assert_array_equal(y[0, 0, :3], 1000)
    np.testing.assert_array_equal(y[0, 1:], 2000)


def test_the_gradient_of_the_blend_is_finite_where_the_attention_overflows():
    inputs = keras.Input((4, 4, 2))
    layer = Blend(Overflow())
    model = keras.Model(inputs, layer(inputs))
    model.compile(keras.optimizers.SGD(1.0), "mse", run_eagerly=keras.backend.backend() == "torch")
    x = np.ones((1, 4, 4, 2), "float32")
    model.train_on_batch(x, 2 * x)
    # d mean((1 + α d - 2)²) / d α at 0 is -2 mean(d): d is 1 in 13 of 16 positions and 0 in three.
    assert float(ops.convert_to_numpy(layer.blend)) == pytest.approx(2 * 13 / 16)


def test_a_layer_that_changes_the_shape_is_refused_when_it_is_built():
    with pytest.raises(ValueError, match=r"one map of the shape.*\(1, 4, 4, 2\).*'wide' returns"):
        Blend(layers.Conv2D(3, 1, name="wide"))(np.ones((1, 4, 4, 2)))
    same = Blend(layers.Conv2D(2, 3, padding="same"))
    np.testing.assert_array_equal(ops.convert_to_numpy(same(np.ones((1, 4, 4, 2)))), 1)
    with pytest.raises(ValueError, match="`attention` must be a layer"):
        Blend("csa")


def test_a_file_brings_it_back(tmp_path):
    inputs = keras.Input((4, 4, 8))
    model = keras.Model(inputs, Blend(CSA(reduction=2))(inputs))
    model.layers[-1].blend.assign(0.5)
    x = np.random.default_rng(0).random((2, 4, 4, 8), "float32")
    model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    np.testing.assert_allclose(
        loaded.predict_on_batch(x), model.predict_on_batch(x), rtol=1e-5, atol=1e-6
    )
