"""The layers against vectors computed with the published PyTorch code, where they are at hand."""

import json
import os
from pathlib import Path

import numpy as np
import pytest
from gradients import output_and_input_gradient

import keras_attn
from keras_attn.gates.parts import size

FOLDER = os.environ.get("KERAS_ATTN_VECTORS")
FILES = sorted(Path(FOLDER).glob("*.npz")) if FOLDER else []
CASES = [
    (file, key) for file in FILES if (key := file.stem.split("-")[0]) in keras_attn.list_layers()
]

pytestmark = pytest.mark.skipif(
    not FOLDER, reason="KERAS_ATTN_VECTORS does not name the folder of the published vectors"
)


def test_every_layer_has_vectors():
    assert {key for _, key in CASES} == set(keras_attn.list_layers())


#: One file of each layer.
FIRST = {key: file for file, key in reversed(CASES)}


def both_formats():
    """Every file in both data formats; on JAX, all but one file of a layer in one are slow."""
    for file, key in CASES:
        for data_format in ("channels_last", "channels_first"):
            is_slow = FIRST[key] != file or data_format == "channels_first"
            marks = [pytest.mark.slow_on("jax")] * is_slow
            yield pytest.param(file, key, data_format, marks=marks, id=f"{file.stem}-{data_format}")


@pytest.mark.parametrize(("file", "key", "data_format"), list(both_formats()))
def test_output_and_gradient_are_the_published_ones(file, key, data_format):
    vectors = np.load(file, allow_pickle=False)
    to_ours, to_theirs = (
        ((0, 2, 3, 1), (0, 3, 1, 2)) if data_format == "channels_last" else ((0, 1, 2, 3),) * 2
    )
    x = vectors["x"].transpose(to_ours)
    config = json.loads(str(vectors["config"]))
    layer = keras_attn.create(key, data_format=data_format, **config)
    layer.build(x.shape)
    state_dict = {
        name.removeprefix("weights/"): vectors[name]
        for name in vectors.files
        if name.startswith("weights/")
    }
    keras_attn.load_torch_weights(layer, state_dict)
    y, gradient = output_and_input_gradient(layer, x, vectors["r"].transpose(to_ours))
    for name, array in keras_attn.torch_state_dict(layer).items():
        np.testing.assert_array_equal(array, vectors[f"weights/{name}"], strict=True)
    for ours, theirs, tolerance in zip(
        (y, gradient), (vectors["y"], vectors["gx"]), vectors["tolerance"], strict=True
    ):
        error = np.abs(ours.transpose(to_theirs) - theirs).max() / np.abs(theirs).max()
        assert error <= tolerance
    assert sum(map(size, layer.trainable_weights)) == vectors["parameters"]
