import json
import os
import subprocess
import sys

import keras
import numpy as np
import pytest

import keras_attn
from keras_attn.layers.plain_bottleneck import PlainBottleneck
from keras_attn.study.built_in import residual_network
from keras_attn.study.control import (
    is_matched,
    largest,
    matched_bottleneck,
    meaning,
    parameters_of,
)
from keras_attn.study.grammar import parse_variant

#: Which classes the package registers: at its import without extras, and once all is imported.
REGISTERED = """
import importlib.util, json, pkgutil, sys
import keras

EXTRAS = ("scipy", "pandas", "sklearn", "statsmodels", "matplotlib", "rich", "typer", "jinja2")

class Blocked:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in EXTRAS:
            raise ImportError(f"{name} is not installed")

def registered():
    names = keras.saving.get_custom_objects()
    return sorted(name for name in names if name.startswith("keras_attn>"))

sys.meta_path.insert(0, Blocked())
import keras_attn
at_import = registered()
sys.meta_path.pop(0)
for module in pkgutil.walk_packages(keras_attn.__path__, "keras_attn."):
    *above, last = module.name.split(".")
    backend = last.partition("_")[0]
    is_of_one = above[-1] == "kernels" and backend in ("jax", "tensorflow", "torch")
    if last != "__main__" and not (is_of_one and importlib.util.find_spec(backend) is None):
        importlib.import_module(module.name)
print(json.dumps([at_import, registered()]))
"""


def numpy_of(values):
    return [keras.ops.convert_to_numpy(value) for value in values]


@pytest.mark.once
@pytest.mark.parametrize("key", ["ca", "csa", "cmssa", "bicsafa", "gcsa2", "bam", "nam", "cbam"])
@pytest.mark.parametrize("channels", [16, 64, 256])
def test_a_bottleneck_is_as_near_to_the_parameters_of_a_topology_as_its_width_allows(key, channels):
    arguments = matched_bottleneck(key, channels)
    layer = PlainBottleneck(**arguments)
    layer.build((None, 8, 8, channels))
    distance = abs(layer.count_params() - parameters_of(key, channels))
    # One unit more or less is a step of 2 C + 1 parameters.
    assert distance <= channels + 1 or arguments["units"] == 1


@pytest.mark.parametrize("use_bias", [True, False])
def test_a_bottleneck_adds_two_convolutions_to_its_input(use_bias):
    x = np.random.default_rng(0).normal(size=(2, 3, 3, 16)).astype("float32")
    layer = PlainBottleneck(5, use_bias)
    y = keras.ops.convert_to_numpy(layer(x))
    squeeze, expand = (numpy_of(part.weights) for part in (layer.squeeze, layer.expand))
    biases = (squeeze[1], expand[1]) if use_bias else (0, 0)
    hidden = np.maximum(x @ squeeze[0][0, 0] + biases[0], 0)
    np.testing.assert_allclose(y, x + hidden @ expand[0][0, 0] + biases[1], atol=1e-5)


@pytest.mark.parametrize("units", [0, 2.5, True])
def test_a_width_that_is_not_a_positive_whole_number_is_refused(units):
    with pytest.raises(ValueError, match="`units` must be a whole number of at least 1"):
        PlainBottleneck(units)


def test_the_products_of_the_control_are_counted():
    model = residual_network((8, 8, 1), "binary", 2, "matched-csa", "resnet8")
    plain = keras_attn.cost(residual_network((8, 8, 1), "binary", 2, None, "resnet8"))
    cost = keras_attn.cost(model)
    layers = [layer for layer in model.layers if isinstance(layer, PlainBottleneck)]
    products = [
        2 * layer.units * layer.output.shape[-1] * layer.output.shape[1] ** 2 for layer in layers
    ]
    assert len(layers) == 3
    assert cost.uncounted == ()
    assert cost.macs == plain.macs + sum(products)


def test_a_control_matches_within_five_per_cent():
    assert is_matched(95, 100)
    assert is_matched(105, 100)
    assert not is_matched(106, 100)
    assert not is_matched(672, 27)
    assert not is_matched(672, 0)


def test_the_control_is_matched_to_the_largest_topology():
    assert largest(["none", "sa", "cmssa", "csa"]) == "cmssa"
    assert largest(["none", "matched-csa"]) is None


def test_a_network_with_a_control_survives_saving(tmp_path):
    model = residual_network((8, 8, 1), "binary", 2, "matched-csa", "resnet8")
    x = np.random.default_rng(1).random((2, 8, 8, 1)).astype("float32")
    model.save(tmp_path / "model.keras")
    again = keras.models.load_model(tmp_path / "model.keras")
    np.testing.assert_allclose(model.predict(x, verbose=0), again.predict(x, verbose=0), atol=1e-6)


@pytest.mark.once
def test_importing_the_package_without_extras_registers_every_class_that_it_saves():
    environment = {**os.environ, "KERAS_BACKEND": keras.backend.backend()}
    output = subprocess.run(
        [sys.executable, "-c", REGISTERED],
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    at_import, everything = json.loads(output.splitlines()[-1])
    assert at_import == everything
    assert "keras_attn>PlainBottleneck" in everything


def test_every_network_has_a_description():
    assert meaning("none") == "without attention"
    assert "the same number of parameters as csa" in meaning("matched-csa")
    assert meaning("csa") == keras_attn.describe("csa").formula


@pytest.mark.parametrize("topology", ["cas", "matched-cas"])
def test_an_unknown_key_is_an_error_that_names_the_nearest(topology):
    with pytest.raises(ValueError, match=r"cas.*csa"):
        parse_variant(topology)
