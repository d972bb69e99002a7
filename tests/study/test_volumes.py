"""Volumes: read, trained on with a 3D residual network and a 3D U-Net, and shown in the report."""

import keras
import numpy as np
import pytest

import keras_attn
from keras_attn.data import Dataset
from keras_attn.data.dataset import Split
from keras_attn.study import compare
from keras_attn.study.built_in import residual_network

pytestmark = pytest.mark.once


def volumes(count, seed, side=16):
    """Noise; volumes of class 1 have a bright cube, which is the foreground of their masks."""
    random = np.random.default_rng(seed)
    images = random.integers(0, 120, (count, side, side, side)).astype("uint8")
    labels = np.arange(count) % 2
    masks = np.zeros(images.shape, "uint8")
    for index in range(count):
        z, y, x = random.integers(0, side - 6, 3)
        if labels[index]:
            images[index, z : z + 6, y : y + 6, x : x + 6] += 120
        masks[index, z : z + 6, y : y + 6, x : x + 6] = labels[index]
    return images, labels, masks


def dataset_of(kind):
    parts = {
        name: volumes(n, s) for name, n, s in (("train", 24, 0), ("val", 8, 1), ("test", 12, 2))
    }
    splits = {name: Split(each[0], each[kind]) for name, each in parts.items()}
    task = ("", "binary", "segmentation")[kind]
    return Dataset("cubes", task, ("empty", "cube"), **splits)


def test_volumes_are_classified_and_shown(tiny, tmp_path):
    dataset = dataset_of(1)
    assert dataset.image_shape == (16, 16, 16, 1)
    comparison = compare(
        dataset,
        "csa",
        model=tiny,
        seeds=1,
        epochs=3,
        flip=True,
        shift=1,
        batch_size=8,
        output=tmp_path,
        progress=False,
    )
    assert not comparison.results["error"].any()
    assert comparison.results["image_shape"].eq("16x16x16x1").all()
    page = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert "16 × 16 × 16 × 1" in page
    assert "Where csa looks" in page
    model = keras.models.load_model(tmp_path / "best.keras")
    assert model.input_shape == (None, 16, 16, 16, 1)


@pytest.mark.slow
def test_volumes_are_segmented_by_a_3d_u_net(monkeypatch):
    monkeypatch.setattr("keras_attn.study.built_in.WIDTHS", (4, 8))
    comparison = compare(
        dataset_of(2),
        "csa@decoder",
        seeds=1,
        epochs=12,
        batch_size=8,
        learning_rate=0.01,
        progress=False,
    )
    assert not comparison.results["error"].any()
    assert comparison.results["dice"].max() > 0.5


def test_residual_networks_take_volumes():
    model = residual_network((16, 16, 16, 1), "multi-class", 3, "csa", "resnet8")
    assert model.output_shape == (None, 3)
    assert any(isinstance(layer, keras.layers.Conv3D) for layer in model.layers)


def test_an_archive_of_volumes_is_read(tmp_path):
    arrays = {}
    for part, count in (("train", 12), ("val", 4), ("test", 4)):
        images, labels, _ = volumes(count, 0)
        arrays |= {f"{part}_images": images, f"{part}_labels": labels[:, None]}
    np.savez(tmp_path / "nodules.npz", **arrays)
    assert keras_attn.load_dataset(tmp_path / "nodules.npz").image_shape == (16, 16, 16, 1)


@pytest.mark.parametrize(
    ("shape", "message"),
    [
        ((4, 1, 8, 8, 1), "which have one slice"),
        ((4, 8, 8, 8, 2), r"\(N, D, H, W\) or \(N, D, H, W, channels\)"),
        ((4, 32, 32, 4), "with 1 or 3 channels"),
    ],
)
def test_arrays_that_are_neither_images_nor_volumes_are_refused(shape, message):
    split = Split(np.zeros(shape, "uint8"), np.array([0, 1, 0, 1]))
    with pytest.raises(ValueError, match=message):
        Dataset("x", "binary", ("a", "b"), train=split, val=split, test=split)


def test_volumes_are_not_resized(tiny):
    with pytest.raises(
        ValueError, match="`size` resizes images, and cubes has volumes of 16x16x16"
    ):
        compare(dataset_of(1), "csa", model=tiny, size=8, progress=False)
