import keras
import numpy as np
import pytest

import keras_attn
from keras_attn.study.backbone import build_model
from keras_attn.study.control import (
    PlainBottleneck,
    attention_of,
    matched_control,
    meaning,
    weights_of,
)


@pytest.mark.parametrize("key", ["ca", "csa", "cmssa", "bicsafa", "gcsa2", "bam"])
@pytest.mark.parametrize("channels", [16, 64, 256])
def test_the_plain_bottleneck_has_as_many_weights_as_its_width_allows(key, channels):
    layer = PlainBottleneck(key)
    layer.build((None, 8, 8, channels))
    # One channel more or less is a step of 2 C + 1 weights.
    assert abs(layer.count_params() - weights_of(key, channels)) <= channels + 1 or (
        layer.squeeze.filters == 1
    )


def test_it_computes_what_it_says_and_starts_near_the_identity_of_nothing():
    x = np.random.default_rng(0).normal(size=(2, 3, 3, 16)).astype("float32")
    layer = PlainBottleneck("csa")
    y = keras.ops.convert_to_numpy(layer(x))
    squeeze, expand = (
        [keras.ops.convert_to_numpy(weight) for weight in part.weights]
        for part in (layer.squeeze, layer.expand)
    )
    hidden = np.maximum(x @ squeeze[0][0, 0] + squeeze[1], 0)
    np.testing.assert_allclose(y, x + hidden @ expand[0][0, 0] + expand[1], atol=1e-5)


def test_its_products_are_counted():
    model = build_model((8, 8, 1), "binary", 2, attention_of("matched-csa"))
    cost = keras_attn.cost(model)
    plain = keras_attn.cost(build_model((8, 8, 1), "binary", 2))
    layers = [layer for layer in model.layers if isinstance(layer, PlainBottleneck)]
    products = [
        2 * layer.squeeze.filters * layer.output.shape[-1] * layer.output.shape[1] ** 2
        for layer in layers
    ]
    assert len(layers) == 9
    assert cost.uncounted == ()
    assert cost.macs == plain.macs + sum(products)


def test_the_whole_network_has_nearly_the_weights_of_that_with_attention():
    def count(topology):
        return build_model((28, 28, 1), "binary", 2, attention_of(topology)).count_params()

    assert count("matched-cmssa") - count("none") == pytest.approx(
        count("cmssa") - count("none"), rel=0.05
    )


def test_the_control_is_matched_to_the_largest():
    assert matched_control(["none", "sa", "cmssa", "csa"]) == ("matched-cmssa",)
    assert matched_control(["none"]) == ()
    assert matched_control(["csa", "matched-sa"]) == ()


def test_it_survives_saving(tmp_path):
    model = build_model((8, 8, 1), "binary", 2, attention_of("matched-csa"))
    x = np.random.default_rng(1).random((2, 8, 8, 1)).astype("float32")
    model.save(tmp_path / "model.keras")
    again = keras.models.load_model(tmp_path / "model.keras")
    np.testing.assert_allclose(model.predict(x, verbose=0), again.predict(x, verbose=0), atol=1e-6)


def test_every_network_is_put_in_words():
    assert meaning("none") == "without attention"
    assert "as many weights as csa" in meaning("matched-csa")
    assert meaning("csa") == keras_attn.describe("csa").formula


def test_an_unknown_key_to_match_is_an_error():
    with pytest.raises(ValueError, match=r"cas.*csa"):
        PlainBottleneck("cas")
