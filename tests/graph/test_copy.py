"""Copies of models: the same outputs, weights of their own, sharing and state preserved."""

import keras
import numpy as np
import pytest
from keras import layers, ops

from keras_attn.graph.copy import copy_model
from keras_attn.graph.edit import apply_to_output

IMAGES = np.random.default_rng(0).random((4, 8, 8, 3), "float32")


def outputs(model, inputs=IMAGES):
    return keras.tree.map_structure(ops.convert_to_numpy, model(inputs, training=False))


def assert_same_outputs(copy, model, inputs=IMAGES):
    for ours, theirs in zip(
        keras.tree.flatten(outputs(copy, inputs)),
        keras.tree.flatten(outputs(model, inputs)),
        strict=True,
    ):
        np.testing.assert_allclose(ours, theirs, atol=1e-6)


def assert_independent(copy, model):
    """All weights are equal, and none is the same variable."""
    originals = {id(weight) for weight in model.weights}
    assert len(copy.weights) == len(model.weights) > 0
    for ours, theirs in zip(copy.get_weights(), model.get_weights(), strict=True):
        np.testing.assert_array_equal(ours, theirs)
    assert not any(id(weight) in originals for weight in copy.weights)


def double(x):
    return 2 * x


class Scale(layers.Layer):
    """Not registered, and without a configuration of its own."""

    def __init__(self, factor, **kwargs):
        super().__init__(**kwargs)
        self.factor = factor

    def build(self, shape):
        self.scale = self.add_weight(shape=(shape[-1],), initializer="random_normal")

    def call(self, x):
        return self.factor * self.scale * x


def inner_model(depth=1):
    """A Lambda, an unregistered layer and a function as activation, nested `depth` times."""
    inputs = keras.Input((8, 8, 3))
    x = layers.Lambda(lambda x: double(x), name="twice")(inputs)
    x = Scale(3.0, name="scale")(x)
    x = layers.Dense(3, activation=lambda x: double(x), name="dense")(x)
    model = keras.Model(inputs, x, name="inner_0")
    for level in range(1, depth):
        inputs = keras.Input((8, 8, 3))
        model = keras.Model(inputs, model(inputs), name=f"inner_{level}")
    return model


def test_lambda_unregistered_layers_and_functions_are_kept_at_any_depth():
    inputs = keras.Input((8, 8, 3))
    model = keras.Model(inputs, inner_model(depth=3)(inputs))
    copy = copy_model(model)
    assert_same_outputs(copy, model)
    assert_independent(copy, model)


def test_wrapped_layers_and_models_are_copied():
    inputs = keras.Input((2, 8, 8, 3))
    x = layers.TimeDistributed(inner_model(), name="frames")(inputs)
    x = layers.TimeDistributed(layers.Lambda(lambda x: double(x)))(x)
    model = keras.Model(inputs, x)
    copy = copy_model(model)
    assert_same_outputs(copy, model, np.stack([IMAGES, IMAGES], axis=1))
    assert_independent(copy, model)


def test_weights_shared_with_a_nested_model_stay_shared():
    shared = layers.Conv2D(3, 3, padding="same", name="shared")
    inner_inputs = keras.Input((8, 8, 3))
    inner = keras.Model(inner_inputs, shared(inner_inputs), name="inner")
    inputs = keras.Input((8, 8, 3))
    model = keras.Model(inputs, inner(shared(inner(inputs))))
    copy = copy_model(model)
    assert_independent(copy, model)
    assert copy.get_layer("inner").get_layer("shared") is copy.get_layer("shared")
    copy.get_layer("shared").bias.assign(np.ones(3))
    model.get_layer("shared").bias.assign(np.ones(3))
    assert_same_outputs(copy, model)


def test_state_that_is_not_a_weight_is_copied_at_any_depth():
    normalization = layers.Normalization(name="normalization")
    normalization.adapt(5 + 3 * IMAGES)
    discretization = layers.Discretization(num_bins=4, name="bins")
    discretization.adapt(IMAGES)
    inner_inputs = keras.Input((8, 8, 3))
    inner = keras.Model(inner_inputs, normalization(inner_inputs), name="inner")
    sequential = keras.Sequential([keras.Input((8, 8, 3)), discretization], name="sequential")
    inputs = keras.Input((8, 8, 3))
    model = keras.Model(inputs, [inner(inputs), sequential(inputs)])
    copy = copy_model(model)
    assert type(copy.get_layer("sequential")) is keras.Sequential
    assert_same_outputs(copy, model)


def test_keyword_calls_and_structures_of_inputs_and_outputs():
    first, second = keras.Input((8, 8, 3), name="first"), keras.Input((8, 8, 3), name="second")
    nested_inputs = {name: keras.Input((8, 8, 3), name=name) for name in ("left", "right")}
    nested = keras.Model(nested_inputs, {"sum": nested_inputs["left"] + nested_inputs["right"]})
    x = layers.Dense(3, name="dense")(inputs=first)
    x = nested(inputs={"left": x, "right": second}, training=False)["sum"]
    x = layers.Dropout(0.5, name="dropout")(x, training=False)
    attention = layers.MultiHeadAttention(1, 2, name="heads")
    tokens = layers.Reshape((64, 3))(x)
    y = attention(query=tokens, value=tokens)
    model = keras.Model(
        {"first": first, "second": second}, {"map": x, "rest": [y, ops.mean(y, axis=1)]}
    )
    copy = copy_model(model)
    inputs = {"first": IMAGES, "second": 1 - IMAGES}
    assert_same_outputs(copy, model, inputs)
    assert_independent(copy, model)
    assert outputs(copy, inputs).keys() == {"map", "rest"}
    (call,) = copy.get_layer(nested.name)._inbound_nodes
    assert call.arguments.kwargs["training"] is False
    edited = copy_model(model, {"dense": apply_to_output(layers.Rescaling(0.0))})
    with pytest.raises(AssertionError):
        assert_same_outputs(edited, model, inputs)


def test_masks_and_regularizers_are_kept():
    inputs = keras.Input((None,), dtype="int32")
    x = layers.Embedding(10, 3, mask_zero=True, name="embedding")(inputs)
    x = layers.LSTM(2, kernel_regularizer="l2", name="memory")(x)
    model = keras.Model(inputs, x)
    copy = copy_model(model)
    padded = np.array([[1, 2, 0, 0], [3, 4, 5, 0]])
    assert_same_outputs(copy, model, padded)
    short = ops.convert_to_numpy(model(padded[:1, :2]))
    np.testing.assert_allclose(outputs(copy, padded)[:1], short, atol=1e-6)
    assert len(copy.losses) == len(model.losses) == 1


def test_what_is_frozen_stays_frozen():
    inner = inner_model()
    inner.trainable = False
    inputs = keras.Input((8, 8, 3))
    model = keras.Model(inputs, layers.Dense(2, name="head")(inner(inputs)))
    copy = copy_model(model)
    assert not copy.get_layer("inner_0").trainable
    assert len(copy.trainable_weights) == 2


def test_the_output_of_a_function_in_a_copy_belongs_to_the_copy():
    inputs = keras.Input((8, 8, 3))
    model = keras.Model(inputs, layers.Dense(2)(ops.multiply(inputs, 2)))
    copy = copy_model(model)
    (function,) = [each for each in copy.operations if type(each).__name__ == "Multiply"]
    features = keras.Model(copy.input, function.output)
    np.testing.assert_allclose(outputs(features), 2 * IMAGES)


def test_a_layer_that_cannot_be_created_again_is_an_error_with_two_ways_out():
    class Holder(layers.Layer):
        def __init__(self, array, **kwargs):
            super().__init__(**kwargs)
            self.kernel = self.add_weight(shape=array.shape)

        def call(self, x):
            return ops.matmul(x, self.kernel)

    inputs = keras.Input((8, 8, 3))
    model = keras.Model(inputs, Holder(np.ones((3, 3)), name="holder")(inputs))
    with pytest.raises(ValueError, match=r"'holder' of class Holder cannot be copied.*get_config"):
        copy_model(model)
    assert copy_model(model, share=True).get_layer("holder") is model.get_layer("holder")
