"""Bad arguments and maps of the published modules: errors that name the numbers."""

import keras
import numpy as np
import pytest

import keras_attn


@pytest.mark.parametrize(
    ("key", "config", "message"),
    [
        ("se", {"reduction": 0}, r"at least 1.*reduction=0"),
        ("eca", {"kernel_size": 4}, r"`kernel_size` must be odd.*use 3 or 5"),
        ("cbam", {"pools": ("average",)}, r"one or more of \('mean', 'max'\).*\('average',\)"),
        ("cbam", {"pools": "max"}, r"`pools` must be a tuple.*'max'"),
        ("cbam", {"pools": ()}, r"`pools` must be a tuple.*\(\)"),
        ("bam", {"fusion": "mean"}, r"`fusion` must be one of .product., .sum..*.mean."),
        ("bam", {"dilation": 0}, r"`dilation` must be a whole number.*dilation=0"),
        ("scse", {"fusion": "product"}, r"`fusion` must be one of .max., .sum..*.product."),
        ("gam", {"groups": 0}, r"`groups` must be a whole number.*groups=0"),
        ("gam", {"shuffle_groups": 2.0}, r"whole number.*shuffle_groups=2.0"),
        ("gam", {"channel_activation": "relu"}, r"one of None, .sigmoid..*.relu"),
        ("gam", {"channel": False, "spatial": False}, r"set `channel` or `spatial`"),
        ("gam", {"pool_size": 2}, r"`pool_size` must be odd.*use 1 or 3"),
        ("triplet", {"kernel_size": 0}, r"positive odd integer.*kernel_size=0"),
        ("abn", {"num_classes": 0}, r"`num_classes` must be a whole number.*num_classes=0"),
        ("simam", {"regularization": 0}, r"must be positive.*regularization=0"),
    ],
)
def test_an_argument_out_of_its_range_is_an_error_that_names_it(key, config, message):
    with pytest.raises(ValueError, match=message):
        keras_attn.create(key, **config)


@pytest.mark.parametrize(
    ("key", "config", "shape", "message"),
    [
        ("se", {}, (8, 8, 8), r"reduction=16.*map of 8 channels; use a reduction of at most 8"),
        ("cbam", {"reduction": 40}, (8, 8, 32), r"reduction=40.*32 channels"),
        ("bam", {}, (8, 8, 15), r"reduction=16.*15 channels"),
        ("gam", {}, (8, 8, 12), r"reduction=16.*12 channels"),
        ("scse", {}, (8, 8, 1), r"reduction=2.*1 channels"),
        (
            "gam",
            {"reduction": 4, "groups": 3},
            (8, 8, 32),
            r"groups=3 and a map of 32 channels",
        ),
        ("gam", {"groups": 4}, (8, 8, 32), r"groups=4 and a map of 2 channels / reduction"),
        (
            "gam",
            {"reduction": 4, "groups": 2, "shuffle_groups": 5},
            (8, 8, 32),
            r"multiple of `shuffle_groups`.*shuffle_groups=5 and a map of 32 channels",
        ),
        ("simam", {}, (1, 1, 8), r"at least two.*\(None, 1, 1, 8\), which has one"),
        ("triplet", {}, (8, 8), r"TripletAttention takes.*2 \(images\).*\(None, 8, 8\)"),
    ],
)
def test_a_map_that_does_not_suit_is_an_error_at_build(key, config, shape, message):
    with pytest.raises(ValueError, match=message):
        keras_attn.create(key, **config)(keras.Input(shape))


def test_a_map_of_one_position_is_an_error_where_it_shows_only_in_the_call():
    layer = keras_attn.create("simam")
    layer.build((None, None, None, 4))
    with pytest.raises(ValueError, match=r"at least two.*\(2, 1, 1, 4\)"):
        layer(np.ones((2, 1, 1, 4), "float32"))


@pytest.mark.parametrize("key", ["cbam", "bam", "gam", "se"])
def test_the_weights_of_another_module_are_refused_with_all_that_is_wrong(key):
    others = {"cbam": "bam", "bam": "gam", "gam": "se", "se": "cbam"}
    source = keras_attn.create(others[key])
    layer = keras_attn.create(key)
    for each in (source, layer):
        each.build((None, 8, 8, 32))
    before = [keras.ops.convert_to_numpy(weight) for weight in layer.weights]
    theirs = keras_attn.torch_state_dict(source, prefix="attention.")
    with pytest.raises(ValueError, match="nothing was changed") as error:
        keras_attn.load_torch_weights(layer, theirs, prefix="attention.")
    expected = {f"  missing: {name}" for name in keras_attn.torch_state_dict(layer, "attention.")}
    expected |= {f"  unexpected: {name}" for name in theirs}
    assert set(str(error.value).splitlines()[1:]) == expected
    for weight, old in zip(layer.weights, before, strict=True):
        np.testing.assert_array_equal(keras.ops.convert_to_numpy(weight), old)
