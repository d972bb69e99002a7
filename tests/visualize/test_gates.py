import keras
import numpy as np
import pytest
from keras import layers

import keras_attn
from keras_attn.study.built_in import residual_network
from keras_attn.visualize import gate_maps, read_gates, spatial_gates
from keras_attn.visualize.drawing import Panel, colour_range


def test_a_layer_of_the_users_own_that_is_blended_has_no_gates():
    inputs = keras.Input((4, 4, 3))
    x = keras_attn.layers.Blend(keras.layers.Activation("relu"))(inputs)
    model = keras.Model(inputs, keras_attn.create("sa", name="sa")(x))
    assert list(read_gates(model, np.ones((1, 4, 4, 3), "float32"))) == ["sa"]


def test_the_maps_are_those_that_the_layers_multiply_by():
    model = residual_network((8, 8, 1), "binary", 2, "csa")
    x = np.random.default_rng(0).random((2, 8, 8, 1)).astype("float32")
    gates = read_gates(model, x)
    assert list(gates) == [layer.name for layer in model.layers if "attention" in layer.name]
    name = "stage2_block3_attention"
    layer = model.get_layer(name)
    before = keras.Model(model.input, [layer.input, layer.output])
    y, attended = (np.asarray(each) for each in before.predict(x, verbose=0))
    product = y * gates[name]["channel"] * gates[name]["spatial"]
    np.testing.assert_allclose(attended, product, atol=1e-5)


@pytest.mark.slow_on("jax")
def test_one_map_a_resolution():
    model = residual_network((8, 8, 1), "binary", 2, "csa")
    maps = spatial_gates(model, np.zeros((3, 8, 8, 1)))
    assert [each.shape for each in maps.values()] == [(3, 8, 8), (3, 4, 4), (3, 2, 2)]
    assert list(maps) == [f"stage{stage}_block3_attention, spatial" for stage in (1, 2, 3)]


def test_a_bright_patch_is_where_its_picture_is_bright():
    inputs = keras.Input((16, 16, 1))
    layer = keras_attn.create("sa", data_format="channels_last")
    model = keras.Model(inputs, layer(inputs))
    for weight in model.weights:
        weight.assign(np.ones(weight.shape))
    image = np.zeros((1, 16, 16, 1))
    image[0, 3:6, 9:12] = 1
    gate = next(iter(spatial_gates(model, image).values()))[0]
    row, column = np.unravel_index(gate.argmax(), gate.shape)
    assert (abs(row - 4), abs(column - 10)) <= (2, 2)


def test_gates_of_a_blend_in_a_nested_model_are_those_of_its_attention():
    inner = residual_network((8, 8, 1), "binary", 2, None, "resnet8")
    inputs = keras.Input((8, 8, 1))
    model = keras.Model(inputs, inner(inputs))
    attended = keras_attn.insert_attention(model, "csa", "*stage2_block1_add")
    x = np.random.default_rng(0).random((2, 8, 8, 1), "float32")
    gates = read_gates(attended, x)
    assert list(gates) == ["resnet8/stage2_block1_add_csa"]
    maps = gates["resnet8/stage2_block1_add_csa"]
    assert {name: gate.shape for name, gate in maps.items()} == {
        "channel": (2, 1, 1, 32),
        "spatial": (2, 4, 4, 1),
    }
    assert maps["spatial"].std() > 0


def test_the_figure_has_the_image_every_gate_and_its_scale():
    model = residual_network((8, 8, 1), "binary", 2, "csa", "resnet8")
    other = residual_network((8, 8, 1), "binary", 2, "tgpfa", "resnet8")
    images = np.random.default_rng(0).random((2, 8, 8, 1), "float32")
    figure = gate_maps({"one": model, "two": other}, images)
    titles = [axes.get_title() for axes in figure.axes if axes.get_title()]
    # Three resolutions: two gates of csa and three of tgpfa at each, beside the image.
    assert len(titles) == 2 * (1 + 3 * 2 + 3 * 3)
    assert titles[:2] == ["input", "one\nstage1_block1_attention\nchannel"]
    overlays = [axes for axes in figure.axes if len(axes.images) == 2]
    assert len(overlays) == 2 * 6
    gates = read_gates(model, images)["stage1_block1_attention"]["spatial"]
    np.testing.assert_allclose(overlays[0].images[1].get_array(), gates[0, ..., 0])
    assert overlays[0].images[1].colorbar is not None


def test_the_gates_of_a_branch_are_computed_from_its_features():
    inputs = keras.Input((8, 8, 4))
    x = layers.Conv2D(4, 1, name="stage")(inputs)
    classifier = keras.Model(inputs, layers.Dense(3)(layers.GlobalAveragePooling2D()(x)))
    branch = layers.Conv2D(16, 3, padding="same", activation="relu", name="branch")
    model = keras_attn.attention_branch_network(classifier, at="stage", branch=branch)
    images = np.random.default_rng(0).standard_normal((2, 8, 8, 4)).astype("float32")
    gate = read_gates(model, images)["attention_branch"]["spatial"]
    before, after = (
        keras.Model(model.input, tensor).predict_on_batch(images)
        for tensor in (
            model.get_layer("stage").output,
            model.get_layer("attention_branch").output[0],
        )
    )
    np.testing.assert_allclose(before * (1 + gate), after, rtol=1e-4, atol=1e-5)


def test_a_layer_that_is_called_twice_has_gates_of_both_calls():
    inputs = keras.Input((8, 8, 4))
    layer = keras_attn.create("sa", name="sa", data_format="channels_last")
    model = keras.Model(inputs, layer(layer(inputs)))
    gates = read_gates(model, np.random.default_rng(0).random((1, 8, 8, 4), "float32"))
    assert list(gates) == ["sa", "sa[1]"]
    assert np.abs(gates["sa"]["spatial"] - gates["sa[1]"]["spatial"]).max() > 0


def test_channels_first_gates_are_drawn_as_maps():
    inputs = keras.Input((4, 8, 8))
    layer = keras_attn.create("csa", name="csa", data_format="channels_first", reduction=2)
    model = keras.Model(inputs, layer(inputs))
    images = np.random.default_rng(0).random((2, 4, 8, 8), "float32")
    maps = spatial_gates(model, images)
    assert {name: gate.shape for name, gate in maps.items()} == {"csa, spatial": (2, 8, 8)}
    figure = gate_maps(model, images)
    shapes = [image.get_array().shape for axes in figure.axes for image in axes.images[1:]]
    assert shapes == [(8, 8), (8, 8)]
    bars = [len(axes.patches) for axes in figure.axes if axes.get_title() == "csa\nchannel"]
    assert bars == [4, 4]


def test_gates_of_signals_and_volumes_are_drawn():
    volume = keras.Model(x := keras.Input((3, 4, 5, 4)), keras_attn.create("sa")(x))
    figure = gate_maps(volume, np.random.default_rng(0).random((1, 3, 4, 5, 4), "float32"))
    assert "of 3" in figure.axes[0].get_title()
    assert figure.axes[1].images[1].get_array().shape == (4, 5)
    signal = keras.Model(x := keras.Input((20, 4)), keras_attn.create("sa")(x))
    figure = gate_maps(signal, np.random.default_rng(0).random((1, 20, 4), "float32"))
    assert len(figure.axes[-1].lines[0].get_ydata()) == 20


def test_chosen_layers_only():
    model = residual_network((8, 8, 1), "binary", 2, "sa", "resnet8")
    images = np.zeros((1, 8, 8, 1))
    figure = gate_maps(model, images, layers=["stage2_block1_attention"])
    assert len([axes for axes in figure.axes if axes.get_title()]) == 2
    with pytest.raises(ValueError, match=r"no attention layer 'stage9'. It has stage1_block1_att"):
        gate_maps(model, images, layers=["stage9"])
    with pytest.raises(ValueError, match="has no attention layer of keras_attn"):
        gate_maps(residual_network((8, 8, 1), "binary", 2, None, "resnet8"), images)
    with pytest.raises(ValueError, match=r"batch of shape \(None, 8, 8, 1\).*\(8, 8, 1\)"):
        read_gates(model, images[0])


def test_rounding_errors_are_not_drawn_as_a_pattern():
    open_gate = 1 - 1e-7 * np.eye(4)
    assert colour_range(Panel("", open_gate, 0.02)) == pytest.approx((0.99, 1.01))
    assert colour_range(Panel("", np.array([[0.2, 0.9]]), 0.02)) == (0.2, 0.9)
    assert colour_range(Panel("", open_gate)) == (1 - 1e-7, 1.0)
    inputs = keras.Input((8, 8, 1))
    layer = keras_attn.create("sa", data_format="channels_last")
    model = keras.Model(inputs, layer(inputs))
    for weight in model.weights:
        weight.assign(100 * np.ones(weight.shape))
    figure = gate_maps(model, np.ones((1, 8, 8, 1)))
    assert figure.axes[-2].images[1].get_clim() == pytest.approx((0.99, 1.01))


@pytest.mark.parametrize("key", ["csafa", "arcsa"])
def test_a_learned_number_has_a_gate_for_every_image(key):
    inputs = keras.Input((6, 5, 16))
    layer = keras_attn.create(key, name="attention", data_format="channels_last")
    model = keras.Model(inputs, layer(inputs))
    gates = read_gates(model, np.ones((3, 6, 5, 16), "float32"))["attention"]
    assert {len(gate) for gate in gates.values()} == {3}
