"""int8 weights: Keras quantises the dense layers inside the gates, and a file keeps that."""

import keras
import numpy as np
import pytest

import keras_attn
from keras_attn import catalogue

#: Keys whose gates have no dense layer.
WITHOUT_DENSE_PARTS = {"sa", "eca", "scsa_synergistic", "triplet", "simam", "ela", "shuffle", "nam"}

# Keras says of every layer that it leaves as it is.
pytestmark = pytest.mark.filterwarnings("ignore:Layer .* does not have a `quantize` method")


#: Layers whose dense parts differ; `make test-all` quantises all layers.
REPRESENTATIVES = {"csa", "gcsa2", "eca", "bam", "cpca", "abn"}


@pytest.mark.parametrize(
    "key",
    [
        pytest.param(key, marks=[pytest.mark.slow] * (key not in REPRESENTATIVES))
        for key in keras_attn.list_layers()
    ],
)
def test_int8(key, tmp_path):
    keras.utils.set_random_seed(0)
    entry = catalogue.describe(key)
    inputs = keras.Input((16, 16, 32))
    outputs = entry.create(**{**entry.default_config, **entry.sample}, data_format="channels_last")(
        inputs
    )
    model = keras.Model(inputs, outputs)
    x = np.random.default_rng(0).random((2, 16, 16, 32), "float32")
    exact = keras.tree.flatten(model.predict_on_batch(x))[0]

    model.quantize("int8")
    parts = [part for part in model._flatten_layers() if isinstance(part, keras.layers.Dense)]
    assert bool(parts) == (key not in WITHOUT_DENSE_PARTS)
    assert all(part.quantization_mode == "int8" for part in parts)
    assert all(part.kernel.dtype == "int8" for part in parts)
    quantized = keras.tree.flatten(model.predict_on_batch(x))[0]
    np.testing.assert_allclose(quantized, exact, atol=0.03 * np.abs(exact).max())

    model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    again = keras.tree.flatten(loaded.predict_on_batch(x))[0]
    np.testing.assert_allclose(again, quantized, rtol=1e-6, atol=1e-6)
