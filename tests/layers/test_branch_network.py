"""The attention branch network, built from a classifier and trained."""

import keras
import numpy as np
import pytest

import keras_attn
from keras_attn.study.built_in import residual_network


def coloured_patches(count, seed):
    """Noise with a patch somewhere, brighter in one colour: three classes."""
    generator = np.random.default_rng(seed)
    labels = generator.integers(0, 3, count)
    images = generator.standard_normal((count, 16, 16, 3)).astype("float32")
    for image, label, (row, column) in zip(
        images, labels, generator.integers(0, 8, (count, 2)), strict=True
    ):
        image[row : row + 8, column : column + 8, label] += 2
    return images, labels


@pytest.fixture(scope="module")
def network():
    keras.utils.set_random_seed(0)
    inputs = keras.Input((16, 16, 3))
    x = keras.layers.Conv2D(8, 3, padding="same", activation="relu", name="stage")(inputs)
    x = keras.layers.Conv2D(8, 3, strides=2, padding="same", activation="relu")(x)
    x = keras.layers.Flatten()(x)
    classifier = keras.Model(inputs, keras.layers.Dense(3, activation="softmax")(x))
    branch = keras.layers.Conv2D(16, 3, padding="same", activation="relu", name="branch")
    return classifier, keras_attn.attention_branch_network(
        classifier, at="stage", branch=branch, optimizer=keras.optimizers.Adam(0.01)
    )


def test_the_copy_has_the_weights_and_the_original_stays(network):
    classifier, model = network
    for layer in filter(lambda layer: layer.weights, classifier.layers):
        copy = model.get_layer(layer.name)
        assert copy is not layer
        for ours, theirs in zip(copy.get_weights(), layer.get_weights(), strict=True):
            np.testing.assert_array_equal(ours, theirs)
    assert classifier.count_params() < model.count_params()


def test_both_losses_fall_and_the_branch_learns_to_classify(network):
    _, model = network
    images, labels = coloured_patches(256, seed=0)
    history = model.fit(
        images, {"perception": labels, "attention": labels}, epochs=8, batch_size=32, verbose=0
    ).history
    for head in ("perception", "attention"):
        assert history[f"{head}_loss"][-1] < 0.7 * history[f"{head}_loss"][0]
    total = history["perception_loss"][-1] + history["attention_loss"][-1]
    assert history["loss"][-1] == pytest.approx(total, rel=0.05)
    images, labels = coloured_patches(64, seed=1)
    outputs = model.predict(images, verbose=0)
    # Chance is a third; with three units the branch may stay at telling two classes apart.
    assert np.mean(outputs["attention"].argmax(-1) == labels) > 0.5
    assert np.mean(outputs["perception"].argmax(-1) == labels) > 0.9
    np.testing.assert_allclose(outputs["perception"].sum(-1), 1, rtol=1e-5)


def test_the_branch_of_a_whole_backbone_reads_its_map():
    backbone = residual_network((16, 16, 3), "multi-class", 5)
    model = keras_attn.attention_branch_network(backbone, at="stage2_block3_relu")
    outputs = model(np.zeros((2, 16, 16, 3), "float32"))
    assert {name: tuple(value.shape) for name, value in outputs.items()} == {
        "perception": (2, 5),
        "attention": (2, 5),
    }


def classifier_with_end(end):
    """A classifier with state that is not a weight, a Lambda, and a given end."""
    normalization = keras.layers.Normalization(name="normalization")
    normalization.adapt(5 + 3 * np.random.default_rng(0).standard_normal((64, 8, 8, 3)))
    inputs = keras.Input((8, 8, 3))
    x = keras.layers.Lambda(lambda x: -x, name="negative")(normalization(inputs))
    x = keras.layers.Conv2D(4, 3, padding="same", activation="relu", name="stage")(x)
    x = keras.layers.Dense(3, name="dense")(keras.layers.GlobalAveragePooling2D()(x))
    return keras.Model(inputs, end(x))


def own_softmax(x):
    exponents = keras.ops.exp(x)
    return keras.layers.Lambda(lambda e: e / keras.ops.sum(e, axis=-1, keepdims=True))(exponents)


ENDS = {
    "logits": (lambda x: x, True),
    "softmax layer": (lambda x: keras.layers.Softmax()(x), False),
    "softmax function": (lambda x: keras.ops.softmax(x), False),
    "softmax and cast": (
        lambda x: keras.layers.Activation("linear", dtype="float32")(
            keras.layers.Activation("softmax")(x)
        ),
        False,
    ),
    "own softmax": (own_softmax, False),
}


@pytest.mark.parametrize("end", ENDS)
def test_the_loss_takes_what_the_classifier_returns_and_the_state_is_copied(end):
    make_end, from_logits = ENDS[end]
    classifier = classifier_with_end(make_end)
    model = keras_attn.attention_branch_network(classifier, at="stage")
    assert model.loss["perception"].get_config()["from_logits"] is from_logits
    assert model.loss["attention"].get_config()["from_logits"] is True
    images = 5 + 3 * np.random.default_rng(1).standard_normal((4, 8, 8, 3)).astype("float32")
    # Without attention the copy returns what the classifier returns.
    copy = keras_attn.remove_attention(model)
    np.testing.assert_allclose(
        copy.predict_on_batch(images), classifier.predict_on_batch(images), rtol=1e-5, atol=1e-6
    )


def test_what_is_no_classifier_or_no_layer_of_it_is_an_error():
    inputs = keras.Input((8, 8, 3))
    maps = keras.layers.Conv2D(4, 3, name="convolution")(inputs)
    classifier = keras.Model(inputs, keras.layers.GlobalAveragePooling2D()(maps))
    with pytest.raises(ValueError, match=r"no layer called 'convolutions'.*convolution;"):
        keras_attn.attention_branch_network(classifier, at="convolutions")
    with pytest.raises(ValueError, match=r"one output of shape.*\(None, 6, 6, 4\)"):
        keras_attn.attention_branch_network(keras.Model(inputs, maps), at="convolution")
    with pytest.raises(ValueError, match="Expected a Functional model"):
        keras_attn.attention_branch_network(keras.Sequential([keras.layers.Dense(2)]), at="dense")


def test_features_of_another_size_than_the_map_are_an_error():
    layer = keras_attn.create("abn", num_classes=3)
    with pytest.raises(ValueError, match=r"\(None, 4, 4, 8\) for a map of shape \(None, 8, 8, 8\)"):
        layer(keras.Input((8, 8, 8)), keras.Input((4, 4, 8)))
