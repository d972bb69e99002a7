"""Image files for a trained model are read as its training images were."""

import numpy as np
import pytest
from PIL import Image

from keras_attn.data import load_dataset
from keras_attn.data.description import ModelDescription
from keras_attn.data.reading import read_as_trained, read_for_input

RNG = np.random.default_rng(0)
VALUES = {
    "deep": RNG.integers(2_000, 24_000, (4, 6, 5), "uint16"),
    "shallow": RNG.integers(0, 256, (4, 6, 5), "uint8"),
}


@pytest.fixture(params=VALUES)
def trained(request, tmp_path):
    """A folder of gray images, and the description of a model trained on it."""
    for name in ("cat", "dog"):
        (tmp_path / "pets" / name).mkdir(parents=True)
        for i, values in enumerate(VALUES[request.param]):
            Image.fromarray(values).save(tmp_path / "pets" / name / f"{i}.png")
    dataset = load_dataset(tmp_path / "pets")
    return request.param, sorted((tmp_path / "pets" / "cat").iterdir()), dataset


def test_images_come_back_as_the_training_images(trained):
    kind, paths, dataset = trained
    description = ModelDescription.of(dataset)
    assert description.bits == {"deep": 16, "shallow": 8}[kind]
    pixels = read_as_trained(paths, description)
    scale = {"deep": 65535, "shallow": 1}[kind]
    np.testing.assert_allclose(pixels[..., 0], VALUES[kind] / scale, rtol=1e-6)
    low, high = description.value_range
    assert low == dataset.train.images.min()
    assert high == dataset.train.images.max()


def test_images_of_another_kind_are_refused(trained, tmp_path):
    kind, _, dataset = trained
    description = ModelDescription.of(dataset)
    other = tmp_path / "other.png"
    Image.fromarray(VALUES["deep" if kind == "shallow" else "shallow"][0]).save(other)
    with pytest.raises(ValueError, match=r"other.png has (8|16) bits per sample, .* of (8|16), wh"):
        read_as_trained([other], description)
    Image.new("RGB", (5, 6), (9, 9, 9)).save(other)
    if kind == "shallow":
        np.testing.assert_array_equal(read_as_trained([other], description), 9)
        Image.new("RGB", (5, 6), (9, 9, 200)).save(other)
        with pytest.raises(ValueError, match=r"other.png has colours, .* on grayscale images"):
            read_as_trained([other], description)
    else:
        Image.fromarray(np.full((6, 5), 65535, "uint16")).save(other)
        with pytest.raises(ValueError, match=r"values from 1 to 1 where the training images .*0.0"):
            read_as_trained([other], description)
    with pytest.raises(FileNotFoundError, match=r"There is no image file .*missing.png"):
        read_as_trained([tmp_path / "missing.png"], description)


def test_pages_that_are_not_read_are_named(trained, tmp_path):
    kind, _, dataset = trained
    pages = [Image.fromarray(values) for values in VALUES[kind]]
    pages[0].save(tmp_path / "a.tif", save_all=True, append_images=pages[1:])
    with pytest.warns(UserWarning, match="more than one page or frame"):
        read_as_trained([tmp_path / "a.tif"], ModelDescription.of(dataset))


def test_a_model_trained_on_float_arrays_gets_floats(tmp_path):
    digits = ModelDescription.of(load_dataset("digits"))
    Image.fromarray(VALUES["shallow"][0]).save(tmp_path / "a.png")
    pixels = read_as_trained([tmp_path / "a.png"], digits)
    assert pixels.shape == (1, 8, 8, 1)
    assert 0.5 < pixels.max() <= 1


def test_a_model_without_a_description_gets_the_range_that_is_given(tmp_path):
    Image.fromarray(VALUES["shallow"][0]).save(tmp_path / "a.png")
    pixels = read_for_input([tmp_path / "a.png"], (None, None, None, 3), (-1, 1))
    expected = VALUES["shallow"][0][..., None].repeat(3, axis=-1) / 127.5 - 1
    np.testing.assert_allclose(pixels, [expected], atol=1e-6)
    with pytest.raises(ValueError, match=r"must take images.*\(None, 8\)"):
        read_for_input([tmp_path / "a.png"], (None, 8), (0, 1))
