"""Whole published networks answer what their authors' code answers."""

import importlib.util
import os
from pathlib import Path

import keras
import numpy as np
import pytest
from gradients import output_and_input_gradient

from keras_attn import networks

FOLDER = Path(os.environ.get("KERAS_ATTN_NETWORKS", "/nonexistent"))
FILES = sorted(FOLDER.glob("*.json"))
#: One per source and stem; the others take longer and are tested with the marker `slow`.
QUICK = {
    "abn_resnet20_cifar",
    "bam_resnet18_cifar",
    "cbam_resnet18_cifar",
    "coordinate_mobilenet_v2",
    "eca_mobilenet_v2",
    "se_resnet20_cifar",
    "timm_mobilenetv2_100",
    "timm_seresnet34",
    "timm_ecaresnet50d",
}

#: JAX compiles the operations of the others for up to half a minute each.
QUICK_ON_JAX = {"se_resnet20_cifar"}


def marks_of(stem):
    if stem not in QUICK:
        return [pytest.mark.slow]
    return [pytest.mark.slow_on("jax")] * (stem not in QUICK_ON_JAX)


def reader():
    """The module beside the records, which makes their weights and inputs."""
    specification = importlib.util.spec_from_file_location("weights", FOLDER / "weights.py")
    module = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    return module


@pytest.mark.skipif(not FILES, reason="KERAS_ATTN_NETWORKS does not name the golden networks")
@pytest.mark.parametrize(
    "path",
    [pytest.param(path, id=path.stem, marks=marks_of(path.stem)) for path in FILES],
)
def test_logits_and_gradients_are_those_of_the_authors(path):
    """Every entry is loaded, and logits and sampled input gradients agree."""
    weights = reader()
    record = weights.read(path)
    model = networks.from_torch(weights.state_dict(record))
    assert model.count_params() - non_trainable(model) == record["parameters"]
    if isinstance(model.output, dict):
        model = keras.Model(model.inputs, model.output["perception"])
    x = weights.network_input(record).transpose(0, 2, 3, 1)
    logits, gradient = output_and_input_gradient(model, x, weights.gradient_weights(record))
    stored = np.array(record["logits"]["values"])
    error = abs(logits[:, : stored.shape[1]] - stored).max() / record["logits"]["abs_max"]
    assert error < 2e-5
    sampled = gradient.transpose(0, 3, 1, 2).ravel()[record["gradient"]["indices"]]
    differences = np.abs(sampled - record["gradient"]["values"]) / record["gradient"]["abs_max"]
    # A ReLU or a maximum within rounding of a tie sends the gradient elsewhere on other machines:
    # that moves single entries by a percent, and a mistake moves all of them.
    assert np.median(differences) < 1e-3
    assert differences.max() < 2e-2


def non_trainable(model):
    return sum(int(np.prod(each.shape)) for each in model.non_trainable_weights)
