"""Coordinate attention, ELA, SCSA and EMA: what they refuse, and what they pool."""

import numpy as np
import pytest
from keras import ops

import keras_attn
from keras_attn.contract.samples import create_random, random_map


@pytest.mark.parametrize(
    ("key", "config", "message"),
    [
        ("coordinate", {"reduction": 0}, "at least 1.*reduction=0"),
        ("ela", {"kernel_size": 4}, "must be odd.*use 3 or 5"),
        ("ela", {"kernel_size": 0}, "positive odd integer.*kernel_size=0"),
        ("ela", {"groups": 0}, "`groups` must be a whole number of at least 1.*groups=0"),
        ("ela", {"groups": 2.0}, "`groups` must be a whole number of at least 1.*groups=2.0"),
        ("ema", {"groups": -8}, "`groups` must be a whole number of at least 1.*groups=-8"),
        ("ema", {"groups": True}, "`groups` must be a whole number of at least 1.*groups=True"),
        ("scsa_synergistic", {"num_heads": 0}, "whole number.*num_heads=0"),
        ("scsa_synergistic", {"window_size": -1}, "whole number.*window_size=-1"),
        ("scsa_synergistic", {"kernel_sizes": (3, 5, 7)}, r"four lengths.*\(3, 5, 7\)"),
        ("scsa_synergistic", {"kernel_sizes": 3}, "four lengths.*kernel_sizes=3"),
        ("scsa_synergistic", {"kernel_sizes": (3, 5, 7, 8)}, "must be odd.*use 7 or 9"),
        ("scsa_synergistic", {"downsample": "recombination"}, ".mean., .max..*.recombination."),
        ("scsa_synergistic", {"gate_activation": None}, ".sigmoid., .softmax..*=None"),
    ],
)
def test_an_argument_out_of_its_range_is_an_error_that_names_it(key, config, message):
    with pytest.raises(ValueError, match=message):
        keras_attn.create(key, **config)


@pytest.mark.parametrize(
    ("key", "config", "shape", "message"),
    [
        ("ela", {}, (None, 8, 8, 24), "groups=16 and a map of 24 channels; use groups=8"),
        ("ema", {}, (None, 8, 8, 48), "groups=32 and a map of 48 channels; use groups=16"),
        ("scsa_synergistic", {}, (None, 8, 8, 30), "multiple of 4.*30 channels; use 32"),
        (
            "scsa_synergistic",
            {"num_heads": 8},
            (None, 8, 8, 12),
            "=8 and a map of 12 channels; .*4",
        ),
        ("scsa_synergistic", {}, (None, None, 5, 16), "window_size=7 and .*5, 16.*window_size=5"),
    ],
)
def test_a_map_that_does_not_suit_the_arguments_is_an_error_that_mends_it(
    key, config, shape, message
):
    with pytest.raises(ValueError, match=message):
        keras_attn.create(key, **config).build(shape)


def test_a_map_smaller_than_the_window_is_an_error_where_its_size_is_known_at_the_call_only():
    layer = keras_attn.create("scsa_synergistic")
    layer.build((None, None, None, 16))
    with pytest.raises(ValueError, match=r"window_size=7 and a map of shape .*6, 9, 16"):
        layer(np.ones((1, 6, 9, 16), "float32"))


@pytest.mark.parametrize("data_format", ["channels_last", "channels_first"])
@pytest.mark.parametrize("key", ["coordinate", "ela", "scsa_synergistic"])
def test_gates_are_a_strip_a_direction(key, data_format):
    layer = keras_attn.create(key, data_format=data_format)
    shape = (2, 7, 8, 16) if data_format == "channels_last" else (2, 16, 7, 8)
    expected = {"height": (2, 7, 1, 16), "width": (2, 1, 8, 16), "channel": (2, 1, 1, 16)}
    for name, gate in layer.gates(random_map(shape)).items():
        positions_last = np.moveaxis(ops.convert_to_numpy(gate), layer.channel_axis(shape), -1)
        assert positions_last.shape == expected[name]


@pytest.mark.parametrize("data_format", ["channels_last", "channels_first"])
def test_the_channels_of_a_group_share_the_mask_of_ema(data_format):
    x = np.moveaxis(random_map((2, 5, 4, 32)), -1, -1 if data_format == "channels_last" else 1)
    layer = create_random(keras_attn.describe("ema"), x.shape, groups=4, data_format=data_format)
    gate = ops.convert_to_numpy(layer.gates(x)["position"])
    masks = np.split(gate, 4, axis=layer.channel_axis(x.shape))
    for mask in masks:
        assert np.ptp(mask, axis=layer.channel_axis(x.shape)).max() == 0
    assert not np.array_equal(masks[0], masks[1])


def test_scsa_leaves_out_what_is_beyond_the_last_whole_window():
    x = random_map((1, 7, 8, 16))
    layer = create_random(keras_attn.describe("scsa_synergistic"), x.shape, window_size=3)
    whole, wide = (layer.channel(ops.convert_to_tensor(each)) for each in (x[:, :6, :6], x))
    np.testing.assert_allclose(ops.convert_to_numpy(wide), ops.convert_to_numpy(whole), rtol=1e-5)


@pytest.mark.parametrize("value", [8.3, 100.3, 1000.7])
@pytest.mark.parametrize("key", ["coordinate", "ela", "ema", "scsa_synergistic", "shuffle"])
def test_a_constant_map_gives_finite_outputs(key, value):
    # Where a variance is taken as E[x²] - E[x]² it can come out negative here.
    entry = keras_attn.describe(key)
    x = np.full((1, 14, 14, 32), value, "float32")
    assert np.isfinite(ops.convert_to_numpy(create_random(entry, x.shape)(x))).all()


@pytest.mark.parametrize("size", [(1, 1), (1, 5), (2, 3), (6, 1)])
def test_ema_has_the_mean_of_a_convolution_that_it_does_not_compute(size):
    x = random_map((2, *size, 12))
    layer = create_random(keras_attn.describe("ema"), x.shape, groups=4)
    gate = layer.position
    expected = [
        ops.convert_to_numpy(gate.convolution(part)).mean((1, 2))
        for part in np.split(x, 4, axis=-1)
    ]
    kernel, bias = gate.convolution.kernel, gate.convolution.bias
    means = gate.mean_of_convolution(ops.convert_to_tensor(x), ops.convert_to_tensor(kernel))
    np.testing.assert_allclose(
        ops.convert_to_numpy(means + bias), np.stack(expected, axis=1), rtol=1e-5, atol=1e-6
    )
