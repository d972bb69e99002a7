"""Large activations in mixed_float16; the contract holds every policy to its accuracy."""

import keras
import numpy as np
import pytest

import keras_attn
from keras_attn.contract.running import run_attended
from keras_attn.contract.samples import copy_weights, create, random_map


@pytest.mark.slow_on("jax", but_representatives=True)
@pytest.mark.parametrize("key", keras_attn.list_layers())
def test_large_activations_give_finite_outputs_where_float16_holds_them(key):
    keras.utils.set_random_seed(0)
    entry = keras_attn.describe(key)
    deviations = np.reshape([300, 1000], (2, 1, 1, 1))
    x = (deviations * random_map((2, 9, 8, 32))).astype("float16")
    reference = create(entry, dtype="float32")
    reference.build(x.shape)
    expected = run_attended(reference, x.astype("float32"))
    layer = create(entry, dtype="mixed_float16")
    layer.build(x.shape)
    copy_weights(reference, layer)
    result = run_attended(layer, x)
    # GAM and CPCA multiply the map by gates that grow with it, so at a deviation of 1,000 their
    # true output exceeds float16 at some places: it is infinite there.
    fits = np.abs(expected) < 0.99 * np.finfo("float16").max
    for sample in range(2):
        assert fits[sample].mean() > (0.5 if key in ("cpca", "gam") else 0.999)
    assert np.isfinite(result[fits]).all()
    assert not np.isnan(result).any()
