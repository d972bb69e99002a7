"""A study of segmentation, from masks to the report."""

import json

import keras
import numpy as np
import pytest
from keras import layers

import keras_attn
from keras_attn.cli.summary import show_summary
from keras_attn.data.dataset import Dataset, Split
from keras_attn.study import Comparison, built_in
from keras_attn.study.augmentation import Augmentation
from keras_attn.study.training_checks import check_training


def discs(count, side=16, seed=0):
    """Bright discs on noise, with the pixels at their edge void."""
    random = np.random.default_rng(seed)
    rows, columns = np.mgrid[:side, :side]
    images, masks = [], []
    for _ in range(count):
        y, x = random.uniform(4, side - 4, 2)
        distance = np.hypot(rows - y, columns - x)
        image = random.normal(80, 20, (side, side)) + 100 * (distance < 4)
        images.append(np.clip(image, 0, 255))
        masks.append(np.where(abs(distance - 4) < 0.3, 255, distance < 4))
    return Split(np.array(images, "uint8"), np.array(masks, "uint8"))


def disc_set():
    parts = {"train": discs(32), "val": discs(8, seed=1), "test": discs(9, seed=2)}
    return Dataset("discs", "segmentation", ("background", "disc"), **parts)


@pytest.fixture
def small_unet(monkeypatch):
    monkeypatch.setattr(built_in, "WIDTHS", (4, 8))


@pytest.mark.slow_on("jax", "tensorflow")
def test_a_study_learns_and_its_report_shows_masks(small_unet, tmp_path, capsys):
    arguments = {"seeds": 2, "epochs": 10, "batch_size": 4, "progress": False}
    comparison = keras_attn.compare(disc_set(), "csa@decoder", output=tmp_path, **arguments)
    results = comparison.results
    assert set(results["variant"]) == {"none", "csa@decoder", "matched-csa@decoder"}
    assert not results["error"].any()
    assert results.groupby("variant")["dice"].mean().min() > 0.7
    assert comparison.plan.question.headline == "dice"
    assert set(comparison.summary()["basis"]) >= {"seeds and test images"}
    for scores in results[["dice", "iou"]].values:
        assert scores[1] < scores[0] <= 1
    show_summary(comparison)
    printed = capsys.readouterr().out
    assert "Pixel accuracy" in printed
    assert f"{comparison.summary().loc['csa@decoder', 'dice']:.3f}" in printed
    page = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert "Predicted masks" in page
    assert "prediction, Dice" in page
    stored = json.loads((tmp_path / "results.json").read_text())
    assert stored["configuration"]["headline"] == "dice"
    # The report is made again from the trials alone, with the same pictures.
    read = Comparison.read(tmp_path)
    assert read.summary()["dice"].equals(comparison.summary()["dice"])
    again = read.report(tmp_path / "again.html").read_text(encoding="utf-8")
    assert "prediction, Dice" in again
    model = keras.saving.load_model(tmp_path / "best.keras")
    assert model.output_shape == (None, 16, 16, 1)
    assert keras_attn.describe_model(model).task == "segmentation"


@pytest.mark.once
def test_an_attention_gate_goes_on_skip_connections(small_unet, tmp_path):
    comparison = keras_attn.compare(
        disc_set(),
        "attention_gate(variant=additive)@skip",
        seeds=1,
        epochs=2,
        batch_size=8,
        output=tmp_path,
        progress=False,
    )
    results = comparison.results.set_index("topology")
    assert not results["error"].any()
    gain = results["parameters"] - results["parameters"]["none"]
    assert gain["attention_gate"] == 4 * 2 + 4 * 2 + 7 * 2 + 3  # C, G and m of the only skip
    model = keras.saving.load_model(tmp_path / "best-attention.keras")
    gate = model.get_layer("skip1_gate")
    assert [each.shape[-1] for each in gate.input] == [4, 4]
    assert model.get_layer("join1").input[0] is gate.output


@pytest.mark.once
@pytest.mark.parametrize(
    ("variant", "message"),
    [
        ("attention_gate@skip:identity", "starts as published only"),
        ("attention_gate@logits", "needs a skip connection, and the output of 'logits'"),
    ],
)
def test_an_attention_gate_elsewhere_is_refused(small_unet, variant, message):
    with pytest.raises(ValueError, match=message):
        keras_attn.compare(disc_set(), variant, progress=False)


def own_model(outputs, activation):
    inputs = x = keras.Input((16, 16, 1))
    x = layers.Conv2D(4, 3, padding="same", activation="relu", name="body")(x)
    return keras.Model(inputs, layers.Conv2D(outputs, 1, activation=activation, name="head")(x))


@pytest.mark.slow_on("jax")
@pytest.mark.parametrize(("outputs", "activation"), [(1, "sigmoid"), (2, "softmax")])
def test_a_model_of_ones_own(outputs, activation):
    comparison = keras_attn.compare(
        disc_set(),
        "se(reduction=2)@body",
        model=lambda shape, classes: own_model(outputs, activation),
        seeds=1,
        epochs=2,
        progress=False,
    )
    assert not comparison.results["error"].any()
    assert comparison.best_model.layers[-1].output.shape == (None, 16, 16, 1)


@pytest.mark.once
@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"model": "resnet20"}, "'resnet20' is not one for the task 'segmentation'.*'unet'"),
        (
            {"model": lambda *_: own_model(3, None)},
            r"must return a map with the sides.*\(16, 16, 3\)",
        ),
        ({"headline": "auc"}, "`headline` must be.*dice"),
        ({"class_weights": {"disc": 1}}, "one weight for each class"),
    ],
)
def test_what_does_not_fit_is_refused_before_training(arguments, message):
    training = keras_attn.Training(class_weights=arguments.pop("class_weights", None))
    with pytest.raises(ValueError, match=message):
        keras_attn.compare(disc_set(), "csa", training=training, progress=False, **arguments)


@pytest.mark.once
@pytest.mark.parametrize("kind", ["shift-flip", "strong", layers.RandomFlip("horizontal", seed=1)])
def test_masks_move_with_their_images(kind):
    split = discs(16)
    images = split.labels[..., None].astype("float32") * (split.labels < 255)[..., None]
    kind = keras.layers.serialize(kind) if isinstance(kind, layers.Layer) else kind
    augmentation = Augmentation(kind)
    new, masks = augmentation(
        200 * images, np.random.default_rng(0), split.labels[..., None].copy()
    )
    inside, outside = new[masks == 1], new[masks == 0]
    assert masks.shape == split.labels[..., None].shape
    assert not np.array_equal(masks[..., 0], split.labels)
    if kind != "strong":
        np.testing.assert_array_equal(new[masks < 255] > 100, masks[masks < 255] == 1)
    # An image of its own mask: bright where the mask is, but for erased boxes and blurred edges.
    assert np.median(inside) > 100 + np.median(outside)
    assert (inside > 100).mean() > 0.7


@pytest.mark.once
def test_a_layer_that_leaves_masks_where_they_are_is_refused():
    training = keras_attn.Training(augmentation=layers.GaussianNoise(0.1))
    with pytest.raises(ValueError, match=r"must move the masks.*GaussianNoise does not"):
        check_training(training, [disc_set()], "unet")


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")  # of keras_cv itself, on this Keras
def test_deeplab_is_compared_with_attention_in_its_backbone():
    keras_cv = pytest.importorskip("keras_cv", reason="keras-cv is not installed")
    if keras.backend.backend() == "torch":
        pytest.skip("DeepLabV3Plus of keras_cv has no gradient on PyTorch, without attention too")

    def deeplab(image_shape, num_classes):
        backbone = keras_cv.models.ResNetBackbone(
            stackwise_filters=[16, 16, 32, 32],
            stackwise_blocks=[1, 1, 1, 1],
            stackwise_strides=[1, 2, 2, 2],
            include_rescaling=True,
            input_shape=image_shape,
        )
        return keras_cv.models.DeepLabV3Plus(num_classes=num_classes, backbone=backbone)

    def coloured(split):
        return Split(np.repeat(split.images[..., None], 3, axis=-1), split.labels)

    parts = {name: coloured(discs(8, 64, seed)) for seed, name in enumerate(("train", "val"))}
    dataset = Dataset("discs", "segmentation", ("background", "disc"), **parts, test=parts["val"])
    comparison = keras_attn.compare(
        dataset, "csa@stages", model=deeplab, seeds=1, epochs=1, batch_size=4, progress=False
    )
    assert not comparison.results["error"].any()
    assert comparison.results["dice"].between(0, 1).all()
    added = comparison.summary()["parameters"]
    assert added["csa@stages"] > added["none"]
    (group,) = comparison.groups
    inside = [layer.name for layer in comparison.best_model_of(group, True)._flatten_layers()]
    assert (
        sum(name.endswith("_csa") for name in inside) == 5
    )  # stages of the backbone, and the decoder
