"""The U-Net: its shapes and its places for attention."""

import numpy as np
import pytest

from keras_attn import insert_attention, insertion_points
from keras_attn.networks.unet import unet


@pytest.mark.once
@pytest.mark.parametrize("shape", [(8, 16, 3), (8, 8, 8, 1)])
def test_attention_at_every_place_keeps_the_shape(shape):
    model = unet(shape, 5, widths=(2, 4, 8))
    places = {
        "encoder": ["encoder1", "encoder2"],
        "bottleneck": ["bottleneck"],
        "skip": ["skip1", "skip2"],
        "decoder": ["decoder1", "decoder2"],
    }
    for place, names in places.items():
        assert sorted(point.layer for point in insertion_points(model, place)) == names
    x = np.random.default_rng(0).normal(size=(2, *shape)).astype("float32")
    attended = insert_attention(model, "csa", where="decoder")
    assert attended.predict(x, verbose=0).shape == (*x.shape[:-1], 5)
    np.testing.assert_allclose(attended.predict(x, verbose=0), model.predict(x, verbose=0))


@pytest.mark.once
def test_stages_are_encoder_ends_bottleneck_and_decoder_ends():
    points = insertion_points(unet((16, 16, 1), 1, widths=(2, 4, 8)), "stages")
    channels = [point.channels for point in points]
    assert channels == [2, 4, 8, 4, 2]
    assert "logits" not in {point.layer for point in points}


@pytest.mark.once
def test_sides_that_cannot_be_halved_are_refused():
    with pytest.raises(ValueError, match=r"divisible by 8\. The images have 30x20\..*size=32"):
        unet((30, 20, 3), 1)
    with pytest.raises(ValueError, match="two or more levels and two or three sides"):
        unet((32, 32, 3), 1, widths=(4,))
