"""CPCA, FCA, NAM and shuffle attention: what the contract and the oracle leave open."""

import keras
import numpy as np
import pytest
from keras import ops
from scipy.fft import dctn

import keras_attn
from keras_attn.gates.frequency import RANKINGS


@pytest.mark.parametrize(
    ("key", "config", "message"),
    [
        ("cpca", {"reduction": 0}, "at least 1.*reduction=0"),
        ("shuffle", {"groups": 0}, "`groups` must be a whole number.*groups=0"),
        ("shuffle", {"groups": 2.0}, "`groups` must be a whole number.*groups=2.0"),
        ("fca", {"reduction": 0.5}, "at least 1.*reduction=0.5"),
        ("fca", {"frequencies": "top3"}, "must be one of.*.top4..*.bot32..*frequencies=.top3."),
        ("fca", {"frequencies": 16}, "must be one of.*.top16..*frequencies=16"),
        ("fca", {"dct_size": 0}, "whole number.*dct_size=0"),
        ("fca", {"dct_size": 7.0}, "whole number.*dct_size=7.0"),
        ("fca", {"dct_size": (7, 0)}, "whole number.*dct_size=0"),
        ("fca", {"dct_size": (7,)}, r"one side or a height and a width.*\(7,\)"),
        ("fca", {"dct_size": (7, 7, 7)}, r"one side or a height and a width.*\(7, 7, 7\)"),
        ("nam", {"reduction": 16}, "reduction"),
    ],
)
def test_an_argument_out_of_its_range_is_an_error_that_names_it(key, config, message):
    with pytest.raises((ValueError, TypeError), match=message):
        keras_attn.create(key, **config)


@pytest.mark.parametrize(
    ("key", "config", "channels", "message"),
    [
        ("cpca", {}, 3, "reduction=4.*3 channels.*at most 3"),
        ("fca", {"frequencies": "top1"}, 12, "reduction=16.*12 channels.*at most 12"),
        ("fca", {}, 40, "'top16'.*16 equal parts.*40 channels.*multiple of 16.*fewer freq"),
        ("shuffle", {}, 64, "groups=64.*128 equal parts.*64 channels.*multiple of 128.*fewer gr"),
        ("shuffle", {"groups": 4}, 12, "groups=4.*8 equal parts.*12 channels.*multiple of 8"),
    ],
)
def test_channels_that_do_not_suit_are_an_error_that_says_what_does(key, config, channels, message):
    layer = keras_attn.create(key, **config)
    with pytest.raises(ValueError, match=message):
        layer.build((None, 8, 8, channels))


def test_every_ranking_has_32_frequencies():
    for ranking in RANKINGS.values():
        assert len(set(ranking.split())) == 32


@pytest.mark.parametrize(
    ("frequencies", "sides", "picked"),
    [
        ("top1", (7, 7), [(0, 0)]),
        ("top4", (7, 7), [(0, 0), (0, 1), (6, 0), (0, 5)]),
        ("low8", (14, 21), [(0, 0), (0, 3), (2, 0), (2, 3), (0, 6), (4, 0), (4, 3), (2, 6)]),
        ("bot2", (7, 15), [(6, 12), (1, 8)]),
    ],
)
def test_fca_pools_by_the_orthonormal_cosine_transform(frequencies, sides, picked):
    x = np.random.default_rng(0).standard_normal((3, *sides, 16)).astype("float32")
    layer = keras_attn.create("fca", frequencies=frequencies, dct_size=sides)
    layer.build(x.shape)
    (pooled,) = layer.channel.pooled(ops.convert_to_tensor(x))
    transform = dctn(x, axes=(1, 2), norm="ortho")
    expected = [transform[:, *picked[c * len(picked) // 16], c] for c in range(16)]
    vector = ops.convert_to_numpy(layer.channel.vector(pooled))
    np.testing.assert_allclose(vector.T, expected, rtol=1e-4, atol=1e-5)


def test_the_channel_weights_of_nam_have_no_gradient():
    # On a constant map BN(x) is its offset whatever its scale, which w alone would then move.
    layer = keras_attn.create("nam")
    model = keras.Sequential([keras.Input((4, 4, 3)), layer])
    normalization = layer.channel.normalization
    normalization.gamma.assign([0.5, 1.0, 2.0])
    normalization.beta.assign([1.0, -1.0, 0.5])
    model.compile(keras.optimizers.SGD(1.0), "mse")
    model.fit(np.ones((2, 4, 4, 3), "float32"), np.zeros((2, 4, 4, 3)), verbose=0)
    np.testing.assert_allclose(ops.convert_to_numpy(normalization.gamma), [0.5, 1.0, 2.0])
    assert np.all(ops.convert_to_numpy(normalization.beta) != [1.0, -1.0, 0.5])


def test_shuffle_attention_starts_with_all_gates_alike_and_interleaves_halves():
    x = np.arange(1, 9, dtype="float32").reshape(1, 1, 1, 8)
    output = ops.convert_to_numpy(keras_attn.create("shuffle", groups=2)(x))
    expected = np.array([1, 5, 2, 6, 3, 7, 4, 8]) / (1 + np.exp(-1))
    np.testing.assert_allclose(output.ravel(), expected, rtol=1e-6)


@pytest.mark.skipif(keras.backend.backend() != "tensorflow", reason="graphs are TensorFlow's")
@pytest.mark.parametrize("data_format", ["channels_last", "channels_first"])
@pytest.mark.parametrize("key", ["cpca", "fca", "nam", "shuffle"])
def test_graphs_of_unknown_sizes_compute_the_same(key, data_format):
    import tensorflow as tf

    config = {"groups": 4} if key == "shuffle" else {}
    layer = keras_attn.create(key, data_format=data_format, **config)
    sizes = (None, None, 32) if data_format == "channels_last" else (32, None, None)
    layer.build((None, *sizes))
    graph = tf.function(layer, input_signature=[tf.TensorSpec((None, *sizes), "float32")])
    for height, width in ((7, 7), (9, 5)):
        shape = (height, width, 32) if data_format == "channels_last" else (32, height, width)
        x = np.random.default_rng(0).standard_normal((2, *shape)).astype("float32")
        np.testing.assert_allclose(graph(x), layer(x), rtol=1e-5, atol=1e-6)
