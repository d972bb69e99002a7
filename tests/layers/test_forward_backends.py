"""Keras's backends without gradients, NumPy and OpenVINO, compute the forward pass."""

import importlib.util
import json
import os
import subprocess
import sys

import pytest

pytestmark = pytest.mark.once

#: Backend -> layers for which it computes other numbers, which docs/export.md names.
DIFFERENT = {"numpy": set(), "openvino": {"bam", "cpca"}}

#: Prints, for each layer, the largest difference to the NumPy oracle, or the error.
PROGRAM = """
import json, sys
import numpy as np
import keras_attn, oracle
from keras_attn.contract.running import as_array, attended
from keras_attn.contract.samples import create_random, random_state

found = {}
for key in sys.argv[1:] or keras_attn.list_layers():
    x = np.random.default_rng(0).standard_normal((2, 32, 7, 6)).astype("float32")
    try:
        layer = create_random(keras_attn.describe(key), x.shape, data_format="channels_first")
        result = as_array(attended(layer(x)))
    except Exception as error:
        found[key] = f"{type(error).__name__}: {error}"[:200]
        continue
    expected = attended(oracle.output(key, random_state(layer), x, **layer.get_config()))
    found[key] = float(np.abs(result - expected).max() / np.abs(expected).max())
print(json.dumps(found))
"""


@pytest.mark.parametrize(
    "keys", [["csa", "scsa_synergistic", "bam"], pytest.param([], marks=pytest.mark.slow, id="all")]
)
@pytest.mark.parametrize("backend", DIFFERENT)
def test_the_forward_pass_is_the_oracles(backend, keys):
    if importlib.util.find_spec(backend) is None:
        pytest.skip(f"{backend} is not installed")
    environment = {
        **os.environ,
        "KERAS_BACKEND": backend,
        "PYTHONPATH": os.pathsep.join(["tests", os.environ.get("PYTHONPATH", "")]),
    }
    command = [sys.executable, "-c", PROGRAM, *keys]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    found = json.loads(done.stdout.splitlines()[-1])
    failed = {key for key, value in found.items() if isinstance(value, str) or value > 1e-4}
    assert failed == DIFFERENT[backend] & set(found), {key: found[key] for key in failed}
