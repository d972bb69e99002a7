"""What can be inserted: keys, layer classes, layers, functions of the place."""

import keras
import numpy as np
import pytest
from keras import layers, ops

import keras_attn
from keras_attn.layers import CSA, Blend

IMAGES = np.random.default_rng(0).random((2, 16, 16, 3), "float32")


class ChannelScale(layers.Layer):
    """A user's own layer, not registered and without a configuration."""

    def __init__(self, factor=2.0, **kwargs):
        super().__init__(**kwargs)
        self.factor = factor

    def build(self, shape):
        self.scale = self.add_weight(
            shape=(shape[-1],), initializer=keras.initializers.Constant(self.factor)
        )

    def call(self, x):
        return x * self.scale


class WithoutArguments(layers.Layer):
    def __init__(self):
        super().__init__()

    def call(self, x):
        return 2 * x


def attended_layers(model):
    return [layer for layer in model.layers if isinstance(layer, Blend)]


def outputs(model):
    return ops.convert_to_numpy(model(IMAGES, training=False))


@pytest.mark.parametrize(
    ("make", "config", "suffix", "kind"),
    [
        (lambda: CSA, {"reduction": 2}, "csa", CSA),
        (lambda: CSA(reduction=2), {}, "csa", CSA),
        (lambda: ChannelScale, {"factor": 3.0}, "channel_scale", ChannelScale),
        (lambda: ChannelScale(3.0), {}, "channel_scale", ChannelScale),
        (lambda: WithoutArguments, {}, "without_arguments", WithoutArguments),
        (lambda: lambda point: layers.Conv2D(point.channels, 1), {}, "attention", layers.Conv2D),
    ],
    ids=["our class", "our layer", "own class", "own layer", "bare class", "function"],
)
def test_classes_layers_and_functions_are_inserted(network, make, config, suffix, kind):
    model = keras_attn.insert_attention(network, make(), "stages", **config)
    blends = attended_layers(model)
    assert [blend.name for blend in blends] == [f"first_out_{suffix}", f"third_out_{suffix}"]
    assert all(type(blend.attention) is kind for blend in blends)
    assert blends[0].attention is not blends[1].attention
    np.testing.assert_allclose(outputs(model), outputs(network), atol=1e-6)
    for blend in blends:
        blend.blend.assign(1)
    assert np.abs(outputs(model) - outputs(network)).max() > 1e-4


def test_a_model_with_a_users_own_layer_can_be_operated_on_again(network):
    model = keras_attn.insert_attention(network, ChannelScale, "stages")
    for blend in attended_layers(model):
        blend.blend.assign(1)
    again = keras_attn.insert_attention(model, "sa", "stem")
    np.testing.assert_allclose(outputs(again), outputs(model), atol=1e-6)
    removed = keras_attn.remove_attention(again)
    np.testing.assert_allclose(outputs(removed), outputs(network), atol=1e-6)


def test_names_of_new_layers(network):
    one = keras_attn.insert_attention(network, "sa", "stem", name="look")
    assert [layer.name for layer in attended_layers(one)] == ["look"]
    several = keras_attn.insert_attention(network, "sa", "stages", name="look", start="published")
    assert [several.get_layer(name).name for name in ("look", "look_2")] == ["look", "look_2"]


@pytest.mark.parametrize("start", ["identity", "published"])
def test_a_layer_that_changes_the_shape_is_an_error_when_it_is_inserted(network, start):
    with pytest.raises(ValueError, match=r"must return one map of the shape.*\(None, 16, 16, 5\)"):
        keras_attn.insert_attention(network, lambda _: layers.Conv2D(5, 1), "stem", start)


def test_other_mistakes_say_what_can_be_inserted(network):
    with pytest.raises(ValueError, match=r"a layer class, a layer, or a function.*Received: 3"):
        keras_attn.insert_attention(network, 3)
    with pytest.raises(ValueError, match=r"'reduction' are passed to keys and layer classes"):
        keras_attn.insert_attention(network, ChannelScale(), reduction=2)
    with pytest.raises(ValueError, match=r"gets a copy.*lambda point: WithoutArguments"):
        keras_attn.insert_attention(network, WithoutArguments())
    with pytest.raises(ValueError, match=r"must take an insertion point and return a layer"):
        keras_attn.insert_attention(network, lambda point: point.channels)
