"""Places are calls: layers that are used several times, nested, or once per time step."""

import keras
import numpy as np
import pytest
from keras import layers, ops

import keras_attn
from keras_attn.layers import Blend

IMAGES = np.random.default_rng(0).random((2, 16, 16, 4), "float32")


def outputs(model, inputs=IMAGES):
    found = model(inputs, training=False)
    return keras.tree.map_structure(ops.convert_to_numpy, found)


def blends(model):
    return [layer for layer in model._flatten_layers() if isinstance(layer, Blend)]


def network_with_one_relu():
    """A stem and two residual blocks, all with the same ReLU."""
    relu = layers.ReLU(name="relu")
    inputs = keras.Input((16, 16, 4))
    x = relu(layers.Conv2D(4, 3, padding="same", name="stem")(inputs))
    for block in ("first", "second"):
        y = relu(layers.Conv2D(4, 3, padding="same", name=f"{block}_1")(x))
        y = layers.Conv2D(4, 3, padding="same", name=f"{block}_2")(y)
        x = relu(layers.Add(name=f"{block}_sum")([x, y]))
    return keras.Model(inputs, layers.GlobalAveragePooling2D()(x))


def test_a_shared_activation_is_attended_only_in_the_chosen_calls():
    model = network_with_one_relu()
    points = keras_attn.insertion_points(model, "activations")
    assert [point.layer for point in points] == ["relu[1]", "relu[3]"]
    attended = keras_attn.insert_attention(model, "sa", "activations")
    assert [layer.name for layer in blends(attended)] == ["relu_sa", "relu_sa_2"]
    assert all(len(layer._inbound_nodes) == 1 for layer in blends(attended))
    np.testing.assert_allclose(outputs(attended), outputs(model), atol=1e-6)
    stem = attended.get_layer("relu")._inbound_nodes[0]
    assert stem.input_tensors[0]._keras_history.operation.name == "stem"
    users = [node.operation.name for node in attended.get_layer("relu")._outbound_nodes]
    assert users.count("relu_sa") == users.count("relu_sa_2") == 1
    one = keras_attn.insert_attention(model, "sa", "relu[3]", name="attention")
    assert [layer.name for layer in blends(one)] == ["attention"]


def test_no_place_is_listed_twice():
    model = network_with_one_relu()
    points = keras_attn.insertion_points(model)
    places = [(point.layer, point.input) for point in points]
    assert len(set(places)) == len(places) == 3
    x = keras.Input((16, 16, 4))
    y = layers.Conv2D(4, 3, padding="same", name="conv")(x)
    inner = keras.Model(x, layers.Add(name="sum")([x, y]), name="inner")
    inputs = keras.Input((16, 16, 4))
    twice = keras.Model(inputs, inner(inner(inputs)))
    points = [(point.layer, point.place) for point in keras_attn.insertion_points(twice)]
    assert points == [("inner/sum", "blocks"), ("inner[1]/sum", "stages")]
    attended = keras_attn.insert_attention(twice, "sa", "conv")
    (blend,) = blends(attended)
    assert len(attended.get_layer("inner")._inbound_nodes) == 2
    blend.blend.assign(1)
    assert np.abs(outputs(attended) - outputs(twice)).max() > 1e-4


def test_a_branch_network_gives_back_its_classifier():
    model = network_with_one_relu()
    network = keras_attn.attention_branch_network(
        model, at="first_sum", branch=layers.Conv2D(8, 3, padding="same", name="branch")
    )
    classifier = keras_attn.remove_attention(network)
    np.testing.assert_allclose(outputs(classifier), outputs(model), atol=1e-6)
    names = [layer.name for layer in classifier.layers]
    assert "branch" not in names
    assert "attention_branch" not in names


def frames_network(step):
    inputs = keras.Input((5, 16, 16, 4))
    x = layers.TimeDistributed(step, name="frames")(inputs)
    x = layers.ReLU(name="relu")(x)
    return keras.Model(inputs, x)


def test_time_steps_are_not_mixed():
    model = frames_network(layers.Conv2D(4, 3, padding="same"))
    for where in ("frames", "relu"):
        with pytest.raises(ValueError, match=rf"'{where}' returns one map per time step.*wrap"):
            keras_attn.insert_attention(model, "csa", where)
    with pytest.raises(ValueError, match=r"no stages.*TimeDistributed\(keras_attn\.insert"):
        keras_attn.insert_attention(model, "csa", "stages")
    step = network_with_one_relu()
    step = keras.Model(step.inputs, step.get_layer("second_sum").output)
    attended = frames_network(keras_attn.insert_attention(step, "csa", start="published"))
    frames = np.random.default_rng(0).random((1, 5, 16, 16, 4), "float32")
    changed = frames.copy()
    changed[:, 4] = 0
    before, after = outputs(attended, frames), outputs(attended, changed)
    np.testing.assert_allclose(after[:, :4], before[:, :4], atol=1e-6)
    assert np.abs(after[:, 4] - before[:, 4]).max() > 1e-3
    # A convolution over time treats the steps as a volume, and so may attention after it.
    inputs = keras.Input((5, 16, 16, 4))
    x = layers.Conv3D(4, 3, padding="same", name="volume")(model(inputs))
    (point,) = keras_attn.insertion_points(keras.Model(inputs, x), "volume")
    assert point.channels == 4
