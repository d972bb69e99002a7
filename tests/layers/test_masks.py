"""Padding that a mask marks does not change what a layer computes at the other positions."""

import keras
import numpy as np
import pytest
from keras import ops

import keras_attn
from keras_attn.contract.running import as_array
from keras_attn.contract.samples import create_random, random_map

KEYS = keras_attn.list_layers()
ON_IMAGES_ONLY = [key for key in KEYS if 1 not in keras_attn.describe(key).spatial_ranks]

#: The positions of a padded signal that are not padding.
KEPT = slice(2, 9)


def padded_signal(channels=32):
    """Signals with huge padding on both sides, and their mask."""
    x = random_map((2, 12, channels)) - 1
    mask = np.zeros(x.shape[:2], bool)
    mask[:, KEPT] = True
    x[~mask] = 100
    return x, mask


@pytest.mark.parametrize("key", ["cbam", "nam"])
def test_padding_does_not_enter_batch_statistics(key):
    x, mask = padded_signal()
    entry = keras_attn.describe(key)
    padded, alone = (create_random(entry, x.shape) for _ in range(2))
    result = as_array(padded(x, mask=mask, training=True))[:, KEPT]
    expected = as_array(alone(x[:, KEPT], training=True))
    np.testing.assert_allclose(result, expected, rtol=1e-3, atol=1e-4)
    for one, other in zip(
        padded.non_trainable_variables, alone.non_trainable_variables, strict=True
    ):
        np.testing.assert_allclose(as_array(one), as_array(other), rtol=1e-3, atol=1e-5)


def test_images_are_masked_by_position_in_both_data_formats():
    x = random_map((2, 5, 6, 16))
    mask = np.zeros(x.shape[:3], bool)
    mask[:, 1:4, :5] = True
    for data_format, moved in (("channels_last", x), ("channels_first", np.moveaxis(x, -1, 1))):
        layer = create_random(keras_attn.describe("gcsa2"), moved.shape, data_format=data_format)
        masked = np.moveaxis(as_array(layer(moved, mask=mask)), layer.channel_axis(x.shape), -1)
        crop = x[:, 1:4, :5] if moved is x else np.moveaxis(x[:, 1:4, :5], -1, 1)
        alone = np.moveaxis(as_array(layer(crop)), layer.channel_axis(x.shape), -1)
        np.testing.assert_allclose(masked[:, 1:4, :5], alone, rtol=1e-4, atol=1e-5)


def test_a_sample_that_is_all_padding_gives_finite_values():
    x, mask = padded_signal()
    mask[0] = False
    assert np.isfinite(as_array(keras_attn.create("gcsa2")(x, mask=mask))).all()


def test_a_mask_reaches_the_layer_and_the_one_after_it():
    x, mask = padded_signal()
    x[~mask] = 0
    layer = create_random(keras_attn.describe("csa"), x.shape)
    inputs = keras.Input((None, 32))
    masked = layer(keras.layers.Masking()(inputs))
    model = keras.Model(inputs, keras.layers.GlobalAveragePooling1D()(masked))
    alone = as_array(layer(x[:, KEPT])).mean(1)
    np.testing.assert_allclose(as_array(model(x)), alone, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("key", ON_IMAGES_ONLY)
def test_a_layer_that_cannot_leave_out_positions_refuses_a_mask(key):
    entry = keras_attn.describe(key)
    assert "mask" in entry.limits
    masked = keras.layers.Masking()(keras.Input((8, 8, 32)))
    name = entry.layer_class.__name__
    with pytest.raises(ValueError, match=rf"{name} does not take a mask: its .*keras\.ops\.copy"):
        entry.create(**entry.sample)(masked)


def test_the_advice_of_the_refusal_works():
    inputs = keras.Input((8, 8, 32))
    masked = keras.layers.Masking()(inputs)
    assert keras_attn.create("bam")(ops.copy(masked)).shape == (None, 8, 8, 32)


def test_a_mask_of_other_positions_is_an_error_that_says_which_it_must_have():
    with pytest.raises(ValueError, match=r"must be \(2, 12\)\. Received a mask of shape \(2, 9\)"):
        keras_attn.create("csa")(random_map((2, 12, 16)), mask=np.ones((2, 9), bool))
