"""`keras-attn explain`: images are read, and classes named, as the model was trained."""

import keras
import numpy as np
import pytest
from keras import layers
from PIL import Image

import keras_attn
from keras_attn.data.description import ModelDescription, attach

GRADES = ("none", "mild", "severe", "worst")


def small_model(outputs, description=None):
    inputs = keras.Input((8, 8, 1))
    x = layers.Conv2D(4, 3, padding="same", activation="relu")(inputs)
    x = layers.GlobalAveragePooling2D()(keras_attn.create("csa")(x))
    model = keras.Model(inputs, layers.Dense(outputs, name="head")(x))
    if description is not None:
        attach(model, description)
    return model


@pytest.fixture(scope="module")
def ordinal(tmp_path_factory):
    """A model of four grades, of which an image has as many as its logits say."""
    description = ModelDescription("ordinal", GRADES, (0.0, 255.0), (8, 8, 1), bits=8)
    path = tmp_path_factory.mktemp("models") / "ordinal.keras"
    small_model(3, description).save(path)
    return path


@pytest.fixture
def images(tmp_path):
    paths = [tmp_path / "one.png", tmp_path / "two.png"]
    for number, path in enumerate(paths):
        Image.fromarray(np.full((20, 20), 90 * (number + 1), "uint8")).save(path)
    return paths


@pytest.fixture
def explained(monkeypatch):
    """What the command gives to `visualize.explain`, which still draws."""
    from keras_attn import visualize

    calls = []
    draw = visualize.explain

    def explain(model, pictures, layers, classes, **options):
        calls.append({"model": model, "pictures": pictures, "classes": classes, **options})
        return draw(model, pictures, layers, classes, **options)

    monkeypatch.setattr(visualize, "explain", explain, raising=False)
    return calls


@pytest.mark.parametrize(
    ("logits", "grades"), [((-1, -2, -3), 0), ((3, -1, -2), 1), ((3, 2, -1), 2), ((3, 2, 1), 3)]
)
def test_an_ordinal_model_gives_grades(
    command, ordinal, images, explained, tmp_path, logits, grades
):
    model = keras.models.load_model(ordinal)
    model.get_layer("head").set_weights([np.zeros((4, 3)), np.array(logits, "float32")])
    model.save(tmp_path / "model.keras")
    output = tmp_path / "new" / "seen.png"
    status, text, _ = command("explain", tmp_path / "model.keras", *images, "--output", output)
    assert (status, text) == (0, f"Picture: {output}\n")
    with Image.open(output) as picture:
        assert picture.width > picture.height > 300
    (call,) = explained
    assert call["classes"] == [grades, grades]
    assert call["class_names"] == GRADES
    # What speaks for a grade is the logit of reaching it; for the lowest, of not going beyond.
    found = call["model"].predict(call["pictures"], verbose=0)
    np.testing.assert_allclose(found, [[-logits[0], *logits]] * 2, atol=1e-6)


def test_images_are_read_as_the_training_images(command, ordinal, images, explained, tmp_path):
    output = tmp_path / "seen.png"
    command("explain", ordinal, *images, "--output", output, "--class", "severe")
    assert explained[0]["pictures"].shape == (2, 8, 8, 1)
    assert np.unique(explained[0]["pictures"]).tolist() == [90, 180]
    assert explained[0]["classes"] == 2


def test_a_model_without_a_description_needs_the_range(command, images, explained, tmp_path):
    model, output = tmp_path / "model.keras", tmp_path / "seen.svg"
    small_model(3).save(model)
    arguments = ("explain", model, *images, "--output", output)
    status, _, errors = command(*arguments)
    assert status == 2
    assert "does not record the range of its training images: give it as --value-range" in errors
    assert command(*arguments, "--value-range", "0,1")[0] == 0
    np.testing.assert_allclose(np.unique(explained[0]["pictures"]), [90 / 255, 180 / 255])
    assert explained[0]["classes"] is None
    status, _, errors = command(*arguments, "--value-range", "1,0")
    assert (status, "two numbers, the smaller first" in errors) == (2, True)


def test_what_is_refused_before_all_work(command, ordinal, images, tmp_path):
    output = tmp_path / "seen.png"
    text = tmp_path / "text.keras"
    text.write_text("text")
    deep = tmp_path / "deep.png"
    Image.fromarray(np.full((8, 8), 900, "uint16")).save(deep)
    for arguments, message in (
        ((tmp_path / "no.keras", *images), "There is no model"),
        ((text, *images), "is not a .keras file"),
        ((ordinal, tmp_path / "no.png"), "There is no image file"),
        ((ordinal, deep), "has 16 bits per sample, and the model was trained on images of 8"),
        ((ordinal, *images, "--class", "bad"), "--class takes a name (none, mild, severe, worst)"),
        ((ordinal, *images, "--class", "4"), "--class takes a name"),
        ((ordinal, *images, "--value-range", "0,1"), "leave --value-range out"),
    ):
        status, _, errors = command("explain", *arguments, "--output", output)
        assert status == 2
        assert message in errors
        assert not output.exists()
    status, _, errors = command("explain", tmp_path / "no.keras", *images, "--output", "seen.mp4")
    assert (status, "--output must end in one of" in errors) == (2, True)
