import keras
import numpy as np
import pytest
from keras import layers

from keras_attn.visualize import class_activation, class_activation_maps, explain


def detector(activation=None, outputs=2):
    """Class 1 is brightness, class 0 is none, seen through maps of half the size."""
    inputs = keras.Input((16, 16, 1))
    x = layers.AveragePooling2D(2, data_format="channels_last")(inputs)
    x = layers.Conv2D(2, 1, name="features", data_format="channels_last")(x)
    x = layers.GlobalAveragePooling2D(data_format="channels_last")(x)
    x = layers.Dense(outputs, activation=activation, name="head")(x)
    model = keras.Model(inputs, x)
    model.get_layer("features").set_weights([np.ones((1, 1, 1, 2)), np.zeros(2)])
    kernel = np.array([[-1.0, 1.0], [-1.0, 1.0]])[:, -outputs:]
    model.get_layer("head").set_weights([kernel, np.zeros(outputs)])
    return model


def patch(row=4, column=10):
    image = np.zeros((1, 16, 16, 1), "float32")
    image[0, row : row + 2, column : column + 2] = 1
    return image


@pytest.mark.parametrize("activation", [None, "softmax"])
def test_the_map_of_a_planted_patch_peaks_there(activation):
    images = np.concatenate([patch(), patch(12, 2)])
    found = class_activation_maps(detector(activation), images)
    assert found.layer == "features"
    assert found.classes.tolist() == [1, 1]
    peaks = [np.unravel_index(each.argmax(), each.shape) for each in found.maps]
    assert peaks == [(2, 5), (6, 1)]
    for each in found.maps:
        assert np.count_nonzero(each) == 1


def test_nothing_speaks_for_the_other_class():
    found = class_activation_maps(detector(), patch(), classes=0)
    assert (found.maps == 0).all()


def test_the_numbers_are_those_of_the_formula():
    # The score is the mean over 64 positions of f1 + f2: each map has the weight 1 / 64.
    found = class_activation_maps(detector(), patch(), classes=1)
    assert found.maps[0, 2, 5] == pytest.approx(2 / 64)


@pytest.mark.parametrize("activation", [None, "sigmoid"])
def test_one_logit_speaks_for_one_class_and_against_the_other(activation):
    model = detector(activation, outputs=1)
    assert class_activation_maps(model, patch(), classes=1).maps.max() > 0
    assert class_activation_maps(model, patch(), classes=0).maps.max() == 0


def test_a_layer_of_a_nested_model():
    inner = detector()
    inputs = keras.Input((16, 16, 1))
    model = keras.Model(inputs, inner(inputs))
    found = class_activation_maps(model, patch(), layer=f"{inner.name}/features")
    assert np.unravel_index(found.maps[0].argmax(), (8, 8)) == (2, 5)


def test_errors_say_what_there_is():
    model = detector()
    with pytest.raises(ValueError, match=r"No layer 'head'.*features"):
        class_activation_maps(model, patch(), layer="head")
    with pytest.raises(ValueError, match=r"from 0 to 1. Received: 2"):
        class_activation_maps(model, patch(), classes=2)
    with pytest.raises(ValueError, match="one output of shape"):
        class_activation_maps(keras.Model(model.input, model.get_layer("features").output), patch())


def test_figures_name_the_classes():
    model = detector()
    figure = class_activation({"a": model, "b": model}, patch(), class_names=["dark", "bright"])
    titles = [axes.get_title() for axes in figure.axes if axes.get_title()]
    assert titles == ["input", *(f"{name}\nclass activation\nbright" for name in "ab")]
    # A model without attention is explained by its class activation alone.
    figure = explain(model, patch(), titles=["one.png"])
    titles = [axes.get_title() for axes in figure.axes if axes.get_title()]
    assert titles == ["one.png", "class activation\n1"]
