import random

import keras
import numpy as np
import pytest
from keras import layers

from keras_attn.study.built_in import residual_network
from keras_attn.study.initialization import initialize


def network(topology, backbone="resnet8"):
    return residual_network((8, 8, 1), "binary", 2, topology, backbone)


def values(model):
    """Every variable by the path of its layer and its number in the layer."""
    return {
        (layer.name, number): keras.ops.convert_to_numpy(variable)
        for layer in model.layers
        for number, variable in enumerate(layer.variables)
    }


def test_variants_start_with_equal_weights_in_everything_that_they_share():
    models = {key: network(key) for key in ("none", "csa", "matched-csa")}
    for model in models.values():
        initialize(model, seed=7)
    found = {key: values(model) for key, model in models.items()}
    kernels = [name for name, value in found["none"].items() if value.ndim == 4]
    assert len(kernels) == 9  # the stem, two in each block, and two shortcuts
    for key in ("csa", "matched-csa"):
        assert set(found["none"]) < set(found[key])
        for name, value in found["none"].items():
            np.testing.assert_array_equal(found[key][name], value, err_msg=f"{key}, {name}")


def test_the_seed_alone_decides_whatever_was_drawn_before():
    one, other = network("csa"), network("csa")
    random.seed(3)
    state = random.getstate()
    initialize(one, seed=1)
    assert random.getstate() == state
    initialize(other, seed=0)
    different = values(other)
    initialize(other, seed=1)
    first, again = values(one), values(other)
    for name, value in first.items():
        np.testing.assert_array_equal(again[name], value)
    kernels = [name for name, value in first.items() if value.ndim == 4]
    assert all((different[name] != first[name]).any() for name in kernels)
    # Layers of the same shape do not share their values.
    one, other = (first[(f"stage1_block1_{part}_conv", 0)] for part in (1, 2))
    assert (one != other).any()


def test_weights_are_drawn_by_the_initializers_of_the_layer():
    inputs = keras.Input((400,))
    x = layers.Dense(300, kernel_initializer="he_normal", bias_initializer="ones", name="a")(inputs)
    model = keras.Model(inputs, layers.Dense(300, kernel_initializer="zeros", name="b")(x))
    model.set_weights([weight + 5 for weight in model.get_weights()])
    initialize(model, seed=0)
    kernel, bias, zeros, _ = model.get_weights()
    assert kernel.std() == pytest.approx(np.sqrt(2 / 400), rel=0.02)
    assert (bias == 1).all()
    assert (zeros == 0).all()


class Doubled(layers.Layer):
    """A layer of a user: an initializer inside `build`, and a layer inside the layer."""

    def build(self, shape):
        self.scale = self.add_weight(shape=(shape[-1],), initializer="random_normal", name="scale")
        self.dense = layers.Dense(shape[-1], name="dense")
        self.dense.build(shape)

    def call(self, x):
        return self.dense(x) * self.scale


def own_model(extra):
    """A model with a nested model, an adapted normalisation, dropout and a layer of the user."""
    inner_inputs = keras.Input((4,))
    inner = keras.Model(inner_inputs, Doubled(name="doubled")(inner_inputs), name="inner")
    normalization = layers.Normalization(name="adapted")
    normalization.adapt(np.random.default_rng(0).normal(5, 3, (64, 4)).astype("float32"))
    inputs = keras.Input((4,))
    x = normalization(inputs)
    if extra:
        x = layers.Dense(4, name="extra")(x)
    x = layers.Dropout(0.5, name="dropout")(inner(x))
    frozen = layers.Dense(3, kernel_initializer="ones", name="frozen")
    x = frozen(x)
    frozen.set_weights([np.full((4, 3), 9.0), np.zeros(3)])
    frozen.trainable = False
    return keras.Model(inputs, layers.Dense(2, name="head")(x))


def test_a_model_of_a_user_shares_what_it_shares_and_keeps_what_was_learned_or_computed():
    plain, extended = own_model(False), own_model(True)
    mean = plain.get_layer("adapted").get_weights()[0]
    for model in (plain, extended):
        initialize(model, seed=2)
    for name in ("inner", "head", "dropout", "frozen", "adapted"):
        pairs = zip(*(model.get_layer(name).variables for model in (plain, extended)), strict=True)
        for one, other in pairs:
            np.testing.assert_array_equal(*map(keras.ops.convert_to_numpy, (one, other)))
    np.testing.assert_array_equal(plain.get_layer("adapted").get_weights()[0], mean)
    assert mean.mean() == pytest.approx(5, abs=1)
    assert (plain.get_layer("frozen").get_weights()[0] == 9).all()
    assert plain.get_layer("inner").get_weights()[0].std() > 0


class Forgetful(layers.Layer):
    """A layer whose configuration lacks an argument of its constructor."""

    def __init__(self, units=1, **options):
        super().__init__(**options)
        self.units = units

    def build(self, shape):
        self.kernel = self.add_weight(shape=(shape[-1], self.units), name="kernel")

    def call(self, x):
        return keras.ops.matmul(x, self.kernel)

    def get_config(self):
        return {"name": self.name}


def test_a_layer_that_cannot_be_constructed_again_is_named():
    inputs = keras.Input((4,))
    model = keras.Model(inputs, Forgetful(3, name="forgetful")(inputs))
    with pytest.raises(ValueError, match=r"'forgetful' \(Forgetful\).*`get_config`"):
        initialize(model, seed=0)
