"""Settings of all tests."""

import gc
import os
import random
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import settings
from initial_values import draw_with_numpy

# JAX compiles every eager operation for every shape, which takes longer than all that the tests
# compute. What one process has compiled no other process compiles again. (The Makefile also turns
# off most of XLA's optimisations for the tests of layers.)
os.environ.setdefault("JAX_COMPILATION_CACHE_DIR", str(Path(__file__).parents[1] / "build/jax"))
os.environ.setdefault("JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS", "0")
os.environ.setdefault("JAX_PERSISTENT_CACHE_MIN_ENTRY_SIZE_BYTES", "-1")

# The first example of a test compiles, so there is no deadline; and a failure must be repeatable.
settings.register_profile("keras-attn", deadline=None, derandomize=True)
settings.load_profile("keras-attn")

#: Layers that are tested also where JAX compiles for long: a chain, a mixture, batch
#: normalisation, strips, several outputs.
REPRESENTATIVES = {"csa", "cmssa", "cbam", "scsa_synergistic", "abn"}

#: Layers that `--quick` tests.
QUICK = {"csa", "cbam"}

#: Tests that `--quick` leaves out, with their backends, as `summary.py` measured them.
LENGTHY = Path(__file__).with_name("lengthy.txt")


def pytest_addoption(parser):
    """Adds `--quick`."""
    parser.addoption(
        "--quick", action="store_true", help="test two layers, and nothing that takes long"
    )


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config, items):
    """Leaves out what another process tests, and with `--quick` most layers and lengthy tests."""
    backend = os.environ.get("KERAS_BACKEND", "tensorflow")
    for item in items:
        for mark in item.iter_markers("slow_on"):
            is_exempt = mark.kwargs.get("but_representatives") and key_of(item) in REPRESENTATIVES
            if backend in mark.args and not is_exempt:
                item.add_marker(pytest.mark.slow)
    quick = config.getoption("--quick")
    lengthy = set(LENGTHY.read_text(encoding="utf-8").splitlines()) if quick else set()
    left_out = [
        item
        for item in items
        if backend_of(item, backend) != backend
        or (quick and key_of(item) not in {None, *QUICK})
        or (key_of(item) is None and f"{backend} {item.nodeid.partition('[')[0]}" in lengthy)
    ]
    if left_out:
        config.hook.pytest_deselected(items=left_out)
        items[:] = [item for item in items if item not in set(left_out)]


def backend_of(item, backend):
    """The backend that a test runs on: the present one, or the one that its marker `once` names.

    Results that are invented do not depend on the backend either.
    """
    once = item.get_closest_marker("once")
    if once is None and {"invented", "invented_comparison"}.isdisjoint(item.fixturenames):
        return backend
    return once.kwargs.get("backend", "torch") if once else "torch"


def key_of(item):
    """The key of the layer that a test is parametrised with; None if it is not."""
    arguments = item.callspec.params if hasattr(item, "callspec") else {}
    return arguments.get("key", getattr(arguments.get("entry"), "key", None))


def pytest_runtest_setup(item):
    """Every test draws the same numbers, whichever tests ran before."""
    random.seed(0)  # Keras draws the seeds of initial values by it
    np.random.seed(0)
    if "torch" in sys.modules:
        sys.modules["torch"].manual_seed(0)


def pytest_sessionfinish(session, exitstatus):
    """A part of the test command without slow tests is not an error."""
    if (
        exitstatus == pytest.ExitCode.NO_TESTS_COLLECTED
        and session.config.option.markexpr == "slow"
    ):
        session.exitstatus = pytest.ExitCode.OK


@pytest.fixture(scope="session", autouse=True)
def initial_values():
    """On JAX, initial weights are drawn by NumPy, which compiles nothing."""
    with pytest.MonkeyPatch.context() as patch:
        if os.environ.get("KERAS_BACKEND") == "jax":
            draw_with_numpy(patch)
        yield


@pytest.fixture(scope="module", autouse=True)
def out_of_sight_of_the_garbage_collector():
    """Hides what imports and earlier modules left, such as JAX's traces, from the collector.

    Keras collects garbage whenever a layer loses a variable, and would look through it each time.
    """
    gc.collect()
    gc.freeze()
