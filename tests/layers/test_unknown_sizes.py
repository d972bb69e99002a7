"""TensorFlow traces a layer for maps of any size, and gives what it gives for one size."""

import keras
import numpy as np
import pytest

import keras_attn

if keras.backend.backend() != "tensorflow":
    pytest.skip("only TensorFlow traces unknown sizes", allow_module_level=True)

import tensorflow as tf


@pytest.mark.parametrize("key", keras_attn.list_layers())
def test_a_trace_for_any_size_gives_the_same(key):
    entry = keras_attn.describe(key)
    layer = entry.create(**entry.sample, data_format="channels_last")
    x = np.random.default_rng(0).random((2, 8, 8, 32), "float32")
    expected = keras.tree.flatten(layer(x))
    traced = tf.function(layer, input_signature=[tf.TensorSpec([None, None, None, 32])])
    for one, other in zip(keras.tree.flatten(traced(x)), expected, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-5, atol=1e-6)
