import keras
import numpy as np
import pytest
from image_sets import make_dataset

import keras_attn
from keras_attn.study.backbone import build_model
from keras_attn.study.gate_pictures import dataset_label, draw_gates
from keras_attn.study.plots import Palette
from keras_attn.visualize import read_gates, spatial_gates


def test_the_maps_are_those_that_the_layers_multiply_by():
    model = build_model((8, 8, 1), "binary", 2, "csa")
    x = np.random.default_rng(0).random((2, 8, 8, 1)).astype("float32")
    gates = read_gates(model, x)
    assert list(gates) == [layer.name for layer in model.layers if "attention" in layer.name]
    name = "stage2_block3_attention"
    layer = model.get_layer(name)
    before = keras.Model(model.input, [layer.input, layer.output])
    y, attended = (np.asarray(each) for each in before.predict(x, verbose=0))
    product = y * gates[name]["channel"] * gates[name]["spatial"]
    np.testing.assert_allclose(attended, product, atol=1e-5)


def test_one_map_a_resolution():
    model = build_model((8, 8, 1), "binary", 2, "csa")
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


@pytest.mark.parametrize("attention", [None, "ca"])
def test_without_a_spatial_gate_there_is_no_picture(attention):
    model = build_model((8, 8, 1), "binary", 2, attention)
    assert draw_gates(model, make_dataset(), Palette()) is None


@pytest.mark.parametrize("task", ["multi-class", "multi-label"])
def test_a_row_an_image_and_a_column_a_layer(task):
    dataset = make_dataset(task)
    model = build_model((8, 8, 1), task, 3, "csa")
    figure = draw_gates(model, dataset, Palette())
    assert len(figure.axes) == 3 * 4
    if task == "multi-class":
        shown = [axes.get_title() for axes in figure.axes[::4]]
        assert shown == list(dataset.class_names)


def test_labels_in_words():
    dataset = make_dataset("multi-label")
    for index in range(5):
        marked = dataset.test.labels[index]
        expected = [
            name for name, is_there in zip(dataset.class_names, marked, strict=True) if is_there
        ]
        assert dataset_label(dataset, index) == (", ".join(expected) or "no label")
