"""Layers in float16 and bfloat16: policies without a wider dtype, and large activations."""

import keras
import numpy as np
import pytest

import keras_attn
from keras_attn.contract import as_array, attended, copy_weights, create, random_map

KEYS = keras_attn.list_layers()


@pytest.mark.parametrize(("policy", "rounding"), [("float16", 2**-11), ("bfloat16", 2**-8)])
@pytest.mark.parametrize("key", KEYS)
def test_a_policy_of_half_precision_alone_computes_what_float32_does(key, policy, rounding):
    keras.utils.set_random_seed(0)
    entry = keras_attn.describe(key)
    x = random_map((2, 7, 6, 32))
    reference = create(entry, dtype="float32")
    expected = as_array(attended(reference(x)))
    layer = create(entry, dtype=policy)
    layer.build(x.shape)
    copy_weights(reference, layer)
    output = attended(layer(x))
    assert keras.backend.standardize_dtype(output.dtype) == policy
    for part in layer._flatten_layers():
        assert part.dtype_policy.name == policy, part.path
    error = np.abs(as_array(output) - expected).max() / np.abs(expected).max()
    assert error <= 16 * rounding


@pytest.mark.parametrize("policy", ["mixed_float16", "mixed_bfloat16"])
@pytest.mark.parametrize("key", KEYS)
def test_a_mixed_policy_keeps_every_variable_in_float32(key, policy):
    layer = create(keras_attn.describe(key), dtype=policy)
    layer.build((None, 7, 6, 32))
    for part in layer._flatten_layers():
        assert part.dtype_policy.name in (policy, "float32"), part.path
        assert part.variable_dtype == "float32"


@pytest.mark.parametrize("deviation", [300, 1000])
@pytest.mark.parametrize("key", KEYS)
def test_large_activations_give_finite_outputs_where_float16_holds_them(key, deviation):
    keras.utils.set_random_seed(0)
    entry = keras_attn.describe(key)
    x = (deviation * random_map((2, 9, 8, 32))).astype("float16")
    reference = create(entry, dtype="float32")
    expected = as_array(attended(reference(x.astype("float32"))))
    layer = create(entry, dtype="mixed_float16")
    layer.build(x.shape)
    copy_weights(reference, layer)
    result = as_array(attended(layer(x)))
    # GAM and CPCA multiply the map by gates that grow with it, so at a deviation of 1,000 their
    # true output exceeds float16 at some places: it is infinite there.
    fits = np.abs(expected) < 0.99 * np.finfo("float16").max
    assert fits.mean() > (0.5 if key in ("cpca", "gam") else 0.999)
    assert np.isfinite(result[fits]).all()
    assert not np.isnan(result).any()
