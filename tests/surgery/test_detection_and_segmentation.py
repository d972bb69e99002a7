"""keras_cv's detector and segmenter on backbones with attention inside (arXiv:2407.05128)."""

import keras
import numpy as np
import pytest

import keras_attn

from .conftest import architecture

keras_cv = pytest.importorskip("keras_cv", reason="keras-cv is not installed")

pytestmark = pytest.mark.filterwarnings("ignore")  # of keras_cv itself, on this Keras


def backbone(where):
    model = architecture("keras_cv ResNet")
    return model, keras_attn.insert_attention(model, "csa", where)


@pytest.mark.slow_on("jax", "tensorflow")
def test_a_detector_takes_a_step():
    model, attended = backbone("blocks")
    assert attended.pyramid_level_inputs == model.pyramid_level_inputs
    detector = keras_cv.models.RetinaNet(
        num_classes=2, bounding_box_format="xywh", backbone=attended
    )
    detector.compile(
        classification_loss="focal", box_loss="smoothl1", optimizer="sgd", run_eagerly=False
    )
    images = np.random.default_rng(0).random((2, 64, 64, 3), "float32")
    boxes = {
        "boxes": np.array([[[8, 8, 32, 32]], [[16, 4, 24, 40]]], "float32"),
        "classes": np.array([[0], [1]], "float32"),
    }
    history = detector.fit(images, boxes, batch_size=2, epochs=1, verbose=0)
    assert np.isfinite(history.history["loss"]).all()
    assert all(
        float(keras.ops.convert_to_numpy(layer.blend)) != 0
        for layer in attended.layers
        if isinstance(layer, keras_attn.layers.Blend)
    )


@pytest.mark.slow_on("jax")
def test_a_segmenter_takes_a_step():
    _, attended = backbone("stages")
    segmenter = keras_cv.models.DeepLabV3Plus(num_classes=3, backbone=attended)
    images = np.random.default_rng(0).random((2, 64, 64, 3), "float32")
    assert segmenter.predict_on_batch(images).shape == (2, 64, 64, 3)
    if keras.backend.backend() == "torch":
        pytest.skip("DeepLabV3Plus has no gradient on PyTorch, with its own backbones neither")
    segmenter.compile(
        "sgd", "sparse_categorical_crossentropy", run_eagerly=keras.backend.backend() != "jax"
    )
    masks = (images[..., :1] * 3).astype("int32").clip(0, 2)
    assert np.isfinite(segmenter.train_on_batch(images, masks))
