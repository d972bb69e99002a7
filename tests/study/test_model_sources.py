"""Models of libraries by name, and what their weights expect of images."""

import keras
import numpy as np
import pytest
from image_sets import make_dataset
from keras import layers, ops

from keras_attn.study import compare
from keras_attn.study.adaptation import around, rescaling
from keras_attn.study.model_sources import expected_by
from keras_attn.study.models import read_model

HUB = (
    "keras_hub:ResNetBackbone(input_conv_filters=[64], input_conv_kernel_sizes=[3], "
    "stackwise_num_filters=[64, 32], stackwise_num_blocks=[1, 1], stackwise_num_strides=[1, 2], "
    'block_type="basic_block")'
)
CV = (
    "keras_cv:ResNetBackbone(stackwise_filters=[16, 32], stackwise_blocks=[1, 1], "
    "stackwise_strides=[1, 2], include_rescaling=true)"
)
SHAPE = (16, 16, 1)


@pytest.mark.parametrize(
    ("name", "reference"),
    [
        ("VGG16", keras.applications.vgg16),
        ("ResNet50", keras.applications.resnet50),
        ("ResNet50V2", keras.applications.resnet_v2),
        ("DenseNet121", keras.applications.densenet),
        ("MobileNet", keras.applications.mobilenet),
        ("EfficientNetB0", keras.applications.efficientnet),
        ("MobileNetV3Small", keras.applications.mobilenet_v3),
    ],
)
def test_images_become_what_the_weights_of_an_application_expect(name, reference):
    images = np.random.default_rng(0).integers(0, 256, (2, 8, 8, 3)).astype("uint8")
    grey = images[..., :1]
    expected = expected_by(name)
    inputs = keras.Input((8, 8, 3))
    body = keras.Model(inputs, layers.Activation("linear")(inputs))
    for each, repeats in ((images, 1), (grey, 3)):
        dataset = make_dataset()
        split = dataset.train._replace(images=each, labels=np.array([0, 1]))
        dataset = type(dataset)("colours", "binary", ("a", "b"), split, split, split)
        if expected is None:
            model = around(body, dataset, rescaling((0, 255), dataset))
        else:
            preprocessing = rescaling(expected.value_range, dataset)
            model = around(body, dataset, preprocessing, expected.steps)
        found = ops.convert_to_numpy(model(each.astype("float32")))
        wanted = reference.preprocess_input(np.repeat(each, repeats, -1).astype("float32"))
        np.testing.assert_allclose(found, ops.convert_to_numpy(wanted), atol=2e-3)


@pytest.mark.once
def test_presets_and_classes_of_the_libraries_are_models(tmp_path):
    keras_hub = pytest.importorskip("keras_hub", reason="keras_hub is not installed")
    pytest.importorskip("keras_cv", reason="keras_cv is not installed")
    backbone = read_model(HUB).body(SHAPE, "multi-class", 3)
    assert backbone.model.output_shape == (None, 3)
    assert not backbone.is_trained
    inner = read_model(HUB)._model(SHAPE, 3)
    assert isinstance(inner, keras_hub.models.ResNetBackbone)
    random = np.random.default_rng(0)
    inner.set_weights([random.uniform(0.5, 1, weight.shape) for weight in inner.weights])
    inner.save_to_preset(str(tmp_path / "preset"))
    text = f"keras_hub:{tmp_path / 'preset'}"
    trained = read_model(text, weights="preset", value_range=(0, 1))
    assert trained.body(SHAPE, "binary", 2).is_trained
    assert not read_model(text).body(SHAPE, "binary", 2).is_trained
    assert read_model(CV).body(SHAPE, "binary", 2).value_range == (0, 255)
    inner.save_weights(tmp_path / "own.weights.h5")
    from_file = read_model(HUB, str(tmp_path / "own.weights.h5"), (0, 1))
    assert from_file.body(SHAPE, "binary", 2).is_trained


@pytest.mark.once
@pytest.mark.parametrize(
    ("text", "weights", "message"),
    [
        ("keras_hub:resnet_99", None, "keras_hub has no preset 'resnet_99' that can be read"),
        ("keras_cv:ResNetBackbone(stackwise=3", None, "cannot be read: expected a comma"),
        (CV, "imagenet", "with arguments has random weights"),
        ("keras_hub:resnet_99", "imagenet", "`weights` of a preset must be None"),
    ],
)
def test_a_name_that_no_library_has_is_refused(text, weights, message):
    pytest.importorskip(text.partition(":")[0], reason="the library is not installed")
    with pytest.raises(ValueError, match=message):
        read_model(text, weights).body(SHAPE, "binary", 2)


@pytest.mark.once
def test_a_file_is_read_once(tmp_path, monkeypatch):
    inputs = keras.Input((8, 8, 1))
    x = layers.GlobalAveragePooling2D()(layers.Conv2D(4, 3, name="conv")(inputs))
    keras.Model(inputs, layers.Dense(2)(x)).save(tmp_path / "own.keras")
    loads = []
    load = keras.saving.load_model
    monkeypatch.setattr(
        keras.saving, "load_model", lambda *a, **k: loads.append(a) or load(*a, **k)
    )
    network = read_model(str(tmp_path / "own.keras"))
    assert network.size_for((8, 8, 1)) is None
    network.body((8, 8, 1), "binary", 2)
    network.body((8, 8, 1), "multi-class", 3)
    assert len(loads) == 1


@pytest.mark.once(backend="torch")
@pytest.mark.parametrize("text", [HUB, CV])
def test_attention_is_compared_in_backbones_of_the_libraries(text):
    pytest.importorskip(text.partition(":")[0], reason="the library is not installed")
    comparison = compare(
        make_dataset(), "se@blocks", model=text, size=16, seeds=1, epochs=1, progress=False
    )
    assert not comparison.results["error"].any()
    assert comparison.results["parameters"].nunique() > 1


@pytest.mark.once(backend="torch")
def test_a_function_of_this_process_alone_reaches_the_other_processes(tmp_path):
    def network(image_shape, num_classes):
        inputs = keras.Input(image_shape)
        x = layers.GlobalAveragePooling2D()(layers.Conv2D(16, 3, name="conv")(inputs))
        return keras.Model(inputs, layers.Dense(num_classes)(x))

    comparison = compare(
        make_dataset(),
        "se@conv",
        model=lambda *arguments: network(*arguments),
        seeds=1,
        epochs=1,
        jobs=2,
        output=tmp_path,
        progress=False,
    )
    assert not comparison.results["error"].any()
