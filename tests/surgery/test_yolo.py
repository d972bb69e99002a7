"""Attention in the YOLO detectors of kyolo: at which places, and with all weights kept."""

import keras
import numpy as np
import pytest

import keras_attn

models = pytest.importorskip("kyolo.models", reason="kyolo is not installed")

SIDE = 64

#: The ends of the backbone at strides 4 to 32, then what the heads begin with.
STAGES = {
    "yolov8n": [f"model-{n}-cv2-act" for n in (2, 4, 6, 9, 15, 18, 21)],
    "yolo11n": [f"model-{n}-cv2-act" for n in (2, 4, 6, 10, 16, 19, 22)],
}


def detector(name):
    return getattr(models, name)(nc=3, input_shape=(SIDE, SIDE, 3))


@pytest.mark.parametrize("name", STAGES)
def test_stages_and_blocks_are_those_of_backbone_and_neck(name):
    model = detector(name)
    points = keras_attn.insertion_points(model, "stages")
    assert [point.layer for point in points] == STAGES[name]
    blocks = [point.layer for point in keras_attn.insertion_points(model, "blocks")]
    assert blocks
    assert not any(layer.startswith(f"{model.head_prefix}-") for layer in blocks)


@pytest.mark.slow_on("jax", "tensorflow")
@pytest.mark.parametrize("name", STAGES)
def test_weights_are_kept_and_attention_learns(name, tmp_path):
    model = detector(name)
    images = np.random.default_rng(0).random((2, SIDE, SIDE, 3), "float32")
    expected = model.predict_on_batch(images)
    attended = keras_attn.insert_attention(model, "cbam", "stages", start="identity")
    assert (attended.nc, attended.strides) == (3, (8, 16, 32))
    for one, other in zip(attended.predict_on_batch(images), expected, strict=True):
        np.testing.assert_array_equal(one, other)
    attended.compile(keras.optimizers.SGD(1e-2), loss=["mse"] * 3)
    attended.train_on_batch(images, [np.zeros_like(each) for each in expected])
    blends = [each for each in attended.layers if isinstance(each, keras_attn.layers.Blend)]
    assert len(blends) == len(STAGES[name])
    assert all(float(keras.ops.convert_to_numpy(each.blend)) != 0 for each in blends)
    attended.save(tmp_path / "yolo.keras")
    again = keras.saving.load_model(tmp_path / "yolo.keras")
    for one, other in zip(
        again.predict_on_batch(images), attended.predict_on_batch(images), strict=True
    ):
        np.testing.assert_allclose(one, other, atol=1e-5)
