"""One model over several devices learns what it learns on one.

The devices are virtual: eight of JAX, two of TensorFlow, and four in each of two processes.
"""

import json
import os
import socket
import subprocess
import sys
from functools import cache
from pathlib import Path

import keras
import numpy as np
import pytest

import keras_attn
from keras_attn.kernels.devices import check_devices

PROGRAM = Path(__file__).with_name("program.py")
STUDY = Path(__file__).with_name("study.py")


def start(backend, *arguments, devices=8, program=PROGRAM):
    environment = {
        **os.environ,
        "KERAS_BACKEND": backend,
        "XLA_FLAGS": f"--xla_force_host_platform_device_count={devices}",
        "JAX_PLATFORMS": "cpu",
        # Virtual devices wait for each other inside one pool of threads: there must be enough
        # of them, and no second step that takes some before the first is over.
        "NPROC": "32",
        "JAX_CPU_ENABLE_ASYNC_DISPATCH": "false",
    }
    return subprocess.Popen(
        [sys.executable, str(program), *arguments],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def losses(process):
    output, errors = process.communicate(timeout=600)
    assert process.returncode == 0, errors[-3000:]
    return json.loads(output.strip().rpartition("\n")[2])


@cache
def on_one_device(backend):
    return losses(start(backend, "one"))


def assert_same(found, expected):
    assert {f"{key}_loss" for key in keras_attn.list_topologies()} <= set(expected)
    assert found.keys() == expected.keys()
    for name, values in expected.items():
        np.testing.assert_allclose(found[name], values, rtol=1e-4, err_msg=name)
        assert values[1] != values[0]


@pytest.mark.slow
@pytest.mark.parametrize("backend", ["jax", "tensorflow"])
def test_data_parallel(backend):
    assert_same(losses(start(backend, "data")), on_one_device(backend))


@pytest.mark.slow
def test_model_parallel():
    assert_same(losses(start("jax", "model")), on_one_device("jax"))


@pytest.mark.slow
def test_two_processes():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{probe.getsockname()[1]}"
    both = [start("jax", "data", address, "2", str(index), devices=4) for index in range(2)]
    for process in both:
        assert_same(losses(process), on_one_device("jax"))


@pytest.mark.slow
@pytest.mark.parametrize("backend", ["jax", "tensorflow"])
def test_every_seed_of_a_study_is_trained_over_all_devices(backend):
    found = losses(start(backend, "data", program=STUDY))
    assert set(found) == {f"{key}{seed}" for key in ("none", "sa") for seed in range(3)}
    assert {error for _, error in found.values()} == {""}
    if backend == "tensorflow":
        return  # its batch normalisation sees the images of one device only
    expected = losses(start(backend, "one", program=STUDY))
    for name, (auc, _) in expected.items():
        assert found[name][0] == pytest.approx(auc, abs=0.01)


def test_what_cannot_be_distributed_is_refused():
    with pytest.raises(ValueError, match=r"`devices` must be None or 'all'. Received: devices=3"):
        check_devices(3)
    if keras.backend.backend() == "torch":
        with pytest.raises(ValueError, match="Keras does not distribute a model on torch"):
            check_devices("all")
