"""TensorFlow traces a layer for maps of any size, and gives what it gives for one size."""

import keras
import numpy as np
import pytest

import keras_attn

if keras.backend.backend() != "tensorflow":
    pytest.skip("only TensorFlow traces unknown sizes", allow_module_level=True)

import tensorflow as tf


@pytest.mark.parametrize("key", [*keras_attn.list_topologies(), "simam", "nam", "ela", "cpca"])
def test_a_trace_for_any_size_gives_the_same(key):
    layer = keras_attn.create(key, data_format="channels_last")
    x = np.random.default_rng(0).random((2, 8, 8, 32), "float32")
    expected = layer(x)
    traced = tf.function(layer, input_signature=[tf.TensorSpec([None, None, None, 32])])
    np.testing.assert_allclose(traced(x), expected, rtol=1e-5, atol=1e-6)
