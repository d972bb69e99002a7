import keras
import numpy as np
import pytest
from keras import layers, ops

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


def probabilities(end, outputs):
    """A detector whose logits are so large that its probabilities are exactly 0 and 1."""
    model = detector(None, outputs)
    head = model.get_layer("head")
    head.set_weights([1e4 * head.get_weights()[0], head.get_weights()[1]])
    return keras.Model(model.input, end(model.output))


def bright(size):
    image = np.zeros((1, 16, 16, 1), "float32")
    image[0, :size, :size] = 1
    return image


@pytest.mark.parametrize(
    ("end", "outputs"),
    [
        (lambda x: layers.Activation("sigmoid")(x), 1),
        (lambda x: ops.sigmoid(x), 1),
        (lambda x: layers.Reshape((1,))(layers.Activation("sigmoid")(x)), 1),
        (lambda x: layers.Activation("linear", dtype="float32")(ops.sigmoid(x)), 1),
        (lambda x: layers.Softmax()(x), 2),
        (lambda x: ops.log_softmax(x), 2),
        (lambda x: layers.Reshape((2,))(layers.Flatten()(ops.softmax(x))), 2),
    ],
)
def test_saturated_probabilities_are_followed_back_to_their_logits(end, outputs):
    model = probabilities(end, outputs)
    found = class_activation_maps(model, bright(8))
    assert found.classes.tolist() == [1]
    assert found.maps.max() > 0
    reference = class_activation_maps(detector(None, outputs), bright(8)).maps
    np.testing.assert_allclose(found.maps, 1e4 * reference, rtol=1e-4)


@pytest.mark.parametrize("activation", ["sigmoid", "softmax"])
def test_a_saturated_dense_layer_is_followed_back_too(activation):
    outputs = 1 if activation == "sigmoid" else 2
    model = detector(activation, outputs)
    head = model.get_layer("head")
    head.set_weights([1e4 * head.get_weights()[0], head.get_weights()[1]])
    found = class_activation_maps(model, bright(8))
    assert found.maps.max() > 0
    assert model.get_layer("head").activation is getattr(keras.activations, activation)


def test_probabilities_of_unknown_origin_are_known_by_their_range():
    unlikely = layers.Lambda(lambda x: ops.sigmoid(x - 3))
    model = keras.Model((base := detector(None, 1)).input, unlikely(base.output))
    found = class_activation_maps(model, bright(4))
    assert float(ops.convert_to_numpy(model(bright(4)))[0, 0]) == pytest.approx(0.0534, abs=1e-4)
    assert found.classes.tolist() == [0]
    assert class_activation_maps(model, bright(4), classes=1).maps.max() > 0


def test_half_precision_is_finite():
    keras.config.set_dtype_policy("mixed_float16")
    try:
        model = detector("softmax")
    finally:
        keras.config.set_dtype_policy("float32")
    found = class_activation_maps(model, patch())
    assert np.isfinite(found.maps).all()
    assert np.unravel_index(found.maps[0].argmax(), (8, 8)) == (2, 5)
    assert found.maps[0, 2, 5] == pytest.approx(2 / 64, rel=1e-2)


def test_half_precision_keeps_small_gradients():
    shape, logit = (96, 96, 1), 1e-2
    inputs = keras.Input(shape)
    half = {"dtype": "mixed_float16", "data_format": "channels_last"}
    x = layers.Conv2D(1, 1, name="features", **half)(inputs)
    x = layers.GlobalAveragePooling2D(**half)(x)
    model = keras.Model(inputs, layers.Dense(1, name="head", dtype="mixed_float16")(x))
    model.get_layer("features").set_weights([np.ones((1, 1, 1, 1)), np.zeros(1)])
    model.get_layer("head").set_weights([np.full((1, 1), logit), np.zeros(1)])
    found = class_activation_maps(model, np.ones((1, *shape), "float32"), classes=1)
    np.testing.assert_allclose(found.maps, logit / 96**2, rtol=1e-2)


def test_a_layer_of_a_nested_model():
    inner = detector()
    inputs = keras.Input((16, 16, 1))
    model = keras.Model(inputs, inner(inputs))
    found = class_activation_maps(model, patch(), layer=f"{inner.name}/features")
    assert np.unravel_index(found.maps[0].argmax(), (8, 8)) == (2, 5)


def flat_head(shape, kernel_size):
    """Features f = 2 x, and a class score Σ v f with a different v at each position."""
    inputs = keras.Input(shape)
    kinds = {2: layers.Conv1D, 3: layers.Conv2D, 4: layers.Conv3D}
    features = kinds[len(shape)](1, 1, name="features", data_format="channels_last")(inputs)
    outputs = layers.Dense(1, name="head")(layers.Flatten()(features))
    model = keras.Model(inputs, outputs)
    model.get_layer("features").set_weights([2 * np.ones((*kernel_size, 1, 1)), np.zeros(1)])
    values = np.random.default_rng(0).random(np.prod(shape)).astype("float32")
    model.get_layer("head").set_weights([values[:, None], np.zeros(1)])
    return model, values


@pytest.mark.parametrize("shape", [(12, 1), (4, 6, 1), (3, 4, 5, 1)])
def test_signals_images_and_volumes_follow_the_formula(shape):
    model, values = flat_head(shape, (1,) * (len(shape) - 1))
    x = np.random.default_rng(1).random((2, *shape)).astype("float32")
    found = class_activation_maps(model, x, classes=1)
    assert found.layer == "features"
    np.testing.assert_allclose(found.maps, values.mean() * 2 * x[..., 0], rtol=1e-5)


def test_channels_first_maps_are_read_in_their_own_format():
    if keras.backend.backend() == "tensorflow":
        pytest.skip("TensorFlow on the CPU has no channels_first pooling")
    inputs = keras.Input((1, 8, 8))
    x = layers.Conv2D(2, 1, data_format="channels_first", name="features")(inputs)
    x = layers.GlobalAveragePooling2D(data_format="channels_first")(x)
    model = keras.Model(inputs, layers.Dense(1, name="head")(x))
    model.get_layer("features").set_weights([np.ones((1, 1, 1, 2)), np.zeros(2)])
    model.get_layer("head").set_weights([np.ones((2, 1)), np.zeros(1)])
    x = np.random.default_rng(0).random((1, 1, 8, 8)).astype("float32")
    np.testing.assert_allclose(class_activation_maps(model, x).maps[0], 2 * x[0, 0] / 64, rtol=1e-5)


def token_network():
    inputs = keras.Input((8, 8, 1))
    x = layers.Conv2D(3, 2, strides=2, name="patches", data_format="channels_last")(inputs)
    x = layers.Dense(3, activation="relu", name="tokens")(layers.Reshape((16, 3))(x))
    return keras.Model(inputs, layers.Dense(2)(layers.GlobalAveragePooling1D()(x)))


def test_tokens_are_not_the_default_but_can_be_named():
    model = token_network()
    x = np.random.default_rng(0).random((1, 8, 8, 1)).astype("float32")
    found = class_activation_maps(model, x)
    assert (found.layer, found.maps.shape) == ("patches", (1, 4, 4))
    assert class_activation_maps(model, x, layer="tokens").maps.shape == (1, 16)


def test_models_with_two_inputs():
    image, age = keras.Input((8, 8, 1), name="image"), keras.Input((1,), name="age")
    x = layers.Conv2D(2, 1, name="features", data_format="channels_last")(image)
    x = layers.GlobalAveragePooling2D(data_format="channels_last")(x)
    model = keras.Model([image, age], layers.Dense(2)(layers.Concatenate()([x, age])))
    images, ages = np.ones((3, 8, 8, 1), "float32"), np.ones((3, 1), "float32")
    found = class_activation_maps(model, [images, ages])
    again = class_activation_maps(model, {"age": ages, "image": images})
    assert found.maps.shape == (3, 8, 8)
    np.testing.assert_allclose(found.maps, again.maps)
    figure = explain(model, [images, ages])
    assert [axes.get_title() for axes in figure.axes].count("input") == 3
    with pytest.raises(ValueError, match=r"has 2 inputs. Give a list.*Received 3"):
        class_activation_maps(model, images)
    with pytest.raises(ValueError, match=r"has the inputs image, age. Received: image"):
        class_activation_maps(model, {"image": images})


def test_figures_show_slices_of_volumes_and_lines_of_signals():
    model, _ = flat_head((3, 4, 5, 1), (1, 1, 1))
    volume = np.zeros((1, 3, 4, 5, 1), "float32")
    volume[0, 2] = 1
    figure = class_activation(model, volume, classes=1)
    assert figure.axes[0].get_title() == "input\nslice 3 of 3"
    assert figure.axes[1].images[1].get_array().shape == (4, 5)
    assert figure.axes[1].images[1].get_array().max() > 0
    model, values = flat_head((12, 1), (1,))
    signal = np.random.default_rng(0).random((1, 12, 1)).astype("float32")
    figure = class_activation(model, signal, classes=1)
    drawn = [line.get_ydata() for axes in figure.axes for line in axes.lines]
    np.testing.assert_allclose(drawn[0], signal[0, :, 0])
    np.testing.assert_allclose(drawn[-1], values.mean() * 2 * signal[0, :, 0], rtol=1e-5)


def test_errors_say_what_there_is():
    model = detector()
    with pytest.raises(ValueError, match=r"No layer 'head'.*features"):
        class_activation_maps(model, patch(), layer="head")
    with pytest.raises(ValueError, match=r"from 0 to 1. Received: 2"):
        class_activation_maps(model, patch(), classes=2)
    two = keras.Model(model.input, [model.output, model.get_layer("features").output])
    with pytest.raises(ValueError, match=r"one output: of shape \(N, classes\), or a map"):
        class_activation_maps(two, patch())


@pytest.mark.parametrize("activation", [None, "sigmoid"])
def test_segmentation_follows_the_formula(activation):
    inputs = keras.Input((16, 16, 1))
    features = layers.Conv2D(2, 1, name="features", data_format="channels_last")
    logits = layers.Conv2D(1, 1, activation=activation, data_format="channels_last")
    model = keras.Model(inputs, logits(features(inputs)))
    features.set_weights([np.ones((1, 1, 1, 2)), np.zeros(2)])
    logits.set_weights([np.array([1.0, 2.0]).reshape(1, 1, 2, 1), np.array([-0.5])])
    found = class_activation_maps(model, np.concatenate([patch(), 0 * patch()]))
    assert found.layer == "features"
    assert found.classes.tolist() == [1, 1]  # the foreground, also where there is none
    # The mean logit of the 4 positions of the patch: each of 256 positions has a mean slope of
    # 1 / 256 and 2 / 256.
    expected = np.zeros((16, 16))
    expected[4:6, 10:12] = 3 / 256
    np.testing.assert_allclose(found.maps[0], expected, rtol=1e-5)
    assert class_activation_maps(model, patch(), classes=0).maps.max() == 0
    assert len(explain(model, patch()).axes) > 1


def test_only_positions_that_are_predicted_as_the_class_count():
    inputs = keras.Input((16, 16, 1))
    features = layers.Conv2D(1, 1, name="features", data_format="channels_last")
    logits = layers.Conv2D(1, 1, data_format="channels_last")
    model = keras.Model(inputs, logits(layers.ReLU()(features(inputs))))
    features.set_weights([np.ones((1, 1, 1, 1)), np.array([-0.5])])
    logits.set_weights([np.ones((1, 1, 1, 1)), np.array([-0.1])])
    found = class_activation_maps(model, patch(), layer="features")
    # The slope is 1 / 4 at the 4 positions of the patch, where the feature is 1 / 2; elsewhere 0.
    expected = np.zeros((16, 16))
    expected[4:6, 10:12] = 0.5 / 256
    np.testing.assert_allclose(found.maps[0], expected, rtol=1e-5)


def test_the_class_of_most_positions_is_explained():
    inputs = keras.Input((16, 16, 1))
    logits = layers.Conv2D(3, 1, name="logits", data_format="channels_last")
    x = layers.AveragePooling2D(1, name="map", data_format="channels_last")(inputs)
    model = keras.Model(inputs, layers.Softmax()(logits(x)))
    logits.set_weights([np.array([-1.0, 1.0, 3.0]).reshape(1, 1, 1, 3), np.array([0.5, 0.0, -1])])
    found = class_activation_maps(model, np.concatenate([patch(), 1 - patch()]))
    assert found.classes.tolist() == [0, 2]
    assert found.layer == "map"


def test_figures_name_the_classes():
    model = detector()
    figure = class_activation({"a": model, "b": model}, patch(), class_names=["dark", "bright"])
    titles = [axes.get_title() for axes in figure.axes if axes.get_title()]
    assert titles == ["input", *(f"{name}\nclass activation\nbright" for name in "ab")]
    # A model without attention is explained by its class activation alone.
    figure = explain(model, patch(), titles=["one.png"])
    titles = [axes.get_title() for axes in figure.axes if axes.get_title()]
    assert titles == ["one.png", "class activation\n1"]
