"""A study of detection, from boxes to the report."""

import keras
import numpy as np
import pytest
from detection_sets import scene_set
from keras import layers

import keras_attn
from keras_attn.data.boxes import objects_of
from keras_attn.layers.anchored_outputs import AnchoredOutputs
from keras_attn.networks import retinanet
from keras_attn.study import augmentation, built_in
from keras_attn.study.augmentation import Augmentation
from keras_attn.study.detectors import with_anchored_outputs
from keras_attn.tasks.detection import decoded

pytest.importorskip("keras_cv", reason="keras-cv is not installed")
pytestmark = pytest.mark.filterwarnings("ignore")  # of keras_cv itself, on this Keras

SIDE = 64


def anchors(stride=16, side=SIDE):
    """One anchor per position, twice as large as the stride."""
    centres = np.arange(stride / 2, side, stride)
    y, x = np.meshgrid(centres, centres, indexing="ij")
    return np.stack([x - stride, y - stride, x + stride, y + stride], -1).reshape(-1, 4)


def small_detector(image_shape, num_classes, preprocessing=None):
    """A detector that learns in seconds."""
    inputs = x = keras.Input(image_shape, name="image")
    if preprocessing is not None:
        x = preprocessing(x)
    for level, width in enumerate((16, 32, 32, 32), 1):
        x = layers.Conv2D(width, 3, strides=2, padding="same", name=f"conv{level}")(x)
        x = layers.BatchNormalization(momentum=0.9, name=f"norm{level}")(x)
        x = layers.ReLU(name=f"level{level}")(x)
    offsets = layers.Reshape((-1, 4))(layers.Conv2D(4, 1, name="offsets")(x))
    logits = layers.Reshape((-1, num_classes))(
        layers.Conv2D(
            num_classes, 1, bias_initializer=keras.initializers.Constant(-3), name="logits"
        )(x)
    )
    return keras.Model(inputs, AnchoredOutputs(anchors(), name="outputs")([offsets, logits]))


@pytest.fixture
def quick(monkeypatch):
    monkeypatch.setattr(built_in, "retinanet", small_detector)


@pytest.mark.slow_on("jax", "tensorflow")
def test_a_study_learns_and_its_report_shows_boxes(quick, tmp_path):
    comparison = keras_attn.compare(
        scene_set(train=16, val=4, test=6),
        "csa@level4",
        seeds=2,
        epochs=12,
        batch_size=8,
        learning_rate=1e-2,
        output=tmp_path,
        progress=False,
    )
    results = comparison.results
    assert set(results["variant"]) == {"none", "csa@level4", "matched-csa@level4"}
    assert not results["error"].any()
    assert comparison.plan.question.headline == "map"
    assert results["ap50"].max() > 0.2
    assert (results["map"] <= results["ap50"]).all()
    assert set(comparison.summary()["basis"]) >= {"seeds and test images"}
    page = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert "<h2>Detections</h2>" in page
    assert "worst image, true boxes" in page
    model = keras.saving.load_model(tmp_path / "best.keras")
    assert model.output_shape == (None, 16, 10)
    description = keras_attn.describe_model(model)
    assert (description.task, description.class_names) == ("detection", ("disc", "square"))
    np.testing.assert_array_equal(model.get_layer("outputs").anchors, anchors())


@pytest.mark.slow_on("jax", "tensorflow")
def test_the_retinanet_of_a_study(tmp_path):
    side = 160
    model = retinanet((side, side, 3), 2)
    assert len(keras_attn.insertion_points(model, "blocks")) == 8
    assert len(keras_attn.insertion_points(model, "pyramid?")) == 5
    stages = [point.channels for point in keras_attn.insertion_points(model, "stages")]
    assert stages == [64, 128, 256, 512]
    attended = keras_attn.insert_attention(model, "csa", "pyramid", start="identity")
    images = np.random.default_rng(0).random((2, side, side, 3), "float32")
    expected = model.predict_on_batch(images)
    np.testing.assert_allclose(attended.predict_on_batch(images), expected, atol=1e-5)
    attended.save(tmp_path / "detector.keras")
    again = keras.saving.load_model(tmp_path / "detector.keras")
    np.testing.assert_allclose(again.predict_on_batch(images), expected, atol=1e-5)
    # 9 anchors on maps with sides of 20, 10, 5, 3 and 2.
    assert expected.shape == (2, 9 * (400 + 100 + 25 + 9 + 4), 10)
    with pytest.raises(ValueError, match=r"divisible by 32. Received: 60x64x3"):
        retinanet((60, 64, 3), 2)


def library_detector(library, num_classes=2):
    if library == "keras_cv":
        import keras_cv

        body = keras_cv.models.ResNetBackbone(
            stackwise_filters=[64, 8, 8, 8],
            stackwise_blocks=[1, 1, 1, 1],
            stackwise_strides=[1, 2, 2, 2],
            include_rescaling=False,
            input_shape=(SIDE, SIDE, 3),
            block_type="basic_block",
        )
        return keras_cv.models.RetinaNet(
            num_classes=num_classes, bounding_box_format="xywh", backbone=body
        )
    keras_hub = pytest.importorskip("keras_hub", reason="keras-hub is not installed")
    encoder = keras_hub.models.ResNetBackbone(
        input_conv_filters=[64],
        input_conv_kernel_sizes=[7],
        stackwise_num_filters=[64, 8, 8, 8],
        stackwise_num_blocks=[1, 1, 1, 1],
        stackwise_num_strides=[1, 2, 2, 2],
        block_type="basic_block",
        image_shape=(SIDE, SIDE, 3),
    )
    body = keras_hub.models.RetinaNetBackbone(
        image_encoder=encoder, min_level=3, max_level=5, use_p5=False, image_shape=(SIDE, SIDE, 3)
    )
    return keras_hub.models.RetinaNetObjectDetector(
        backbone=body, num_classes=num_classes, bounding_box_format="xyxy"
    )


@pytest.mark.slow_on("jax")
@pytest.mark.parametrize("library", ["keras_cv", "keras_hub"])
def test_detectors_of_libraries_decode_to_the_same_boxes(library):
    detector = library_detector(library)
    images = np.random.default_rng(1).random((1, SIDE, SIDE, 3), "float32")
    raw = detector(images, training=False)
    offsets = raw["box"] if library == "keras_cv" else raw["bbox_regression"]
    taken = {}
    detector.prediction_decoder.call = lambda boxes, logits, **_: (
        taken.update(boxes=boxes) or {"boxes": boxes}
    )
    detector.decode_predictions(raw, keras.ops.convert_to_tensor(images))
    boxes = keras.ops.convert_to_numpy(taken["boxes"])[0]
    if library == "keras_cv":
        boxes[:, 2:] += boxes[:, :2]
    model = with_anchored_outputs(detector, 2)
    output = model.predict_on_batch(images)[0]
    np.testing.assert_allclose(decoded(output), boxes, atol=2e-3, rtol=1e-4)
    assert len(output) == offsets.shape[1]
    with pytest.raises(ValueError, match=r"num_classes=3, or return \(boxes, 11\)"):
        with_anchored_outputs(detector, 3)


@pytest.mark.slow
def test_a_detector_of_a_library_takes_part(tmp_path):
    comparison = keras_attn.compare(
        scene_set(train=4, val=2, test=2),
        "se(reduction=2)@blocks",
        model=lambda shape, classes: library_detector("keras_cv", classes),
        value_range=(0, 255),
        seeds=1,
        epochs=1,
        batch_size=2,
        output=tmp_path,
        progress=False,
    )
    assert not comparison.results["error"].any()


@pytest.mark.once
@pytest.mark.parametrize("kind", ["shift-flip", "strong"])
def test_boxes_move_with_their_images(kind, monkeypatch):
    monkeypatch.setattr(augmentation, "erased", lambda image, random: image)
    random = np.random.default_rng(0)
    images = np.zeros((24, 48, 64, 1), "float32")
    boxes = np.zeros((24, 1, 6), "float32")
    for image, row in zip(images, boxes, strict=True):
        left, top = random.integers(16, 36), random.integers(14, 24)
        right, bottom = left + random.integers(6, 12), top + random.integers(6, 12)
        image[top:bottom, left:right] = 200
        row[0] = [left, top, right, bottom, 1, 0]
    new, moved = Augmentation(kind)(images.copy(), random, boxes=boxes.copy())
    assert (new != images).any()
    for image, row in zip(new, moved, strict=True):
        rows, columns = np.nonzero(image[..., 0] > 100)
        if len(rows) and row[0, 4] >= 0:
            found = [columns.min(), rows.min(), columns.max() + 1, rows.max() + 1]
            # A turned rectangle's box is around its corners, which interpolation rounds.
            np.testing.assert_allclose(row[0, :4], found, atol=2.5 if kind == "strong" else 0)


@pytest.mark.once
def test_boxes_that_leave_the_image_are_dropped():
    boxes = np.array([[[0, 0, 10, 10, 1, 0], [30, 30, 40, 40, 0, 0]]], "float32")
    images = np.zeros((1, 40, 40, 1), "float32")

    class Left:
        def integers(self, *_):
            return np.array([[0, -8]])

    _, moved = Augmentation("none", shift=8)(images, Left(), boxes=boxes)
    assert objects_of(moved[0]).tolist() == [[22, 30, 32, 40, 0, 0]]


@pytest.mark.once
@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"model": "unet"}, "'unet' is not one for the task 'detection'.*'retinanet'"),
        (
            {"model": lambda *_: keras.Sequential([keras.Input((64, 64, 3)), layers.Flatten()])},
            "is Sequential",
        ),
        ({"class_weights": "balanced"}, "are not for detection tasks"),
        ({"augmentation": layers.RandomFlip()}, "For detection, use one of none, shift-flip"),
        ({"size": 100}, r"use load_dataset\(\.\.\., size=100\)"),
    ],
)
def test_what_does_not_fit_is_refused_before_training(quick, arguments, message):
    names = ("class_weights", "augmentation")
    given = {name: arguments.pop(name) for name in names if name in arguments}
    with pytest.raises(ValueError, match=message):
        keras_attn.compare(
            scene_set(),
            "csa@level4",
            training=keras_attn.Training(**given),
            progress=False,
            **arguments,
        )
