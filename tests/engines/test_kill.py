"""A study that is killed many times at random moments ends as if nothing had happened."""

import json
import os
import random
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import pytest

KILLS = 20

# One process imports everything and then forks each run, because importing takes longer than the
# whole study. A line on standard input starts each run.
SCRIPT = """
import contextlib, os, sys
import torch
with contextlib.suppress(ImportError):
    import tensorflow  # Keras imports it in every first training if it is installed
torch.set_num_threads(1)
from image_sets import make_dataset
from keras_attn.study import compare

dataset = make_dataset()
for line in sys.stdin:
    child = os.fork()
    if not child:
        compare(
            dataset, ["sa", "csa"], seeds=3, epochs=2, backbone="resnet8",
            output=line.strip(), progress=False,
        )
        os._exit(0)
    print(child, flush=True)
    status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    print(status, flush=True)
"""


class Runs:
    """Runs of the study, one after the other, each in a process of its own."""

    def __init__(self):
        environment = {
            **os.environ,
            "KERAS_BACKEND": "torch",
            "OMP_NUM_THREADS": "1",
            "PYTHONPATH": os.pathsep.join(sys.path),
        }
        self.parent = subprocess.Popen(
            [sys.executable, "-c", SCRIPT],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=environment,
        )

    def begin(self, folder):
        self.parent.stdin.write(f"{folder}\n")
        self.parent.stdin.flush()
        return int(self.parent.stdout.readline())

    def end(self):
        return int(self.parent.stdout.readline())

    def close(self):
        self.parent.stdin.close()
        self.parent.wait(30)
        self.parent.stdout.close()


@pytest.fixture(scope="module")
def runs():
    pytest.importorskip("torch", reason="the study that is killed runs on PyTorch")
    if not hasattr(os, "fork"):
        pytest.skip("this system cannot fork")
    runs = Runs()
    yield runs
    runs.close()


def trials(folder: Path):
    """Content of every trial file, by name."""
    return {path.name: path.read_text() for path in (folder / "trials").glob("[!.]*.json")}


def numbers(content):
    """What a trial gave, without times and places."""
    values = json.loads(content)
    trial = values["trial"]
    curve = [[point[0], *point[2:]] for point in trial["curve"]]
    return json.dumps([values["key"], {**trial, "seconds": 0, "preparation": 0, "curve": curve}])


@pytest.mark.slow
def test_a_study_killed_at_random_moments_ends_like_an_undisturbed_one(runs, tmp_path):
    undisturbed, killed = tmp_path / "undisturbed", tmp_path / "killed"
    runs.begin(undisturbed)
    started = time.perf_counter()
    assert runs.end() == 0
    whole = time.perf_counter() - started
    draw = random.Random(0)
    kills, counts = 0, []
    while kills < KILLS:
        before = trials(killed) if killed.exists() else {}
        child = runs.begin(killed)
        # A run first constructs every network, so many of the moments are before its first trial.
        time.sleep(draw.uniform(0, whole / 4))
        with suppress(ProcessLookupError):  # it may have ended by itself
            os.kill(child, signal.SIGKILL)
        kills += runs.end() == -signal.SIGKILL
        after = trials(killed) if killed.exists() else {}
        # Nothing that was finished is lost or run again.
        assert {name: after.get(name) for name in before} == before
        counts.append(len(after))
        assert len(counts) < 5 * KILLS, f"most runs ended before they were killed: {counts}"
    assert len(set(counts)) > 1, f"the kills did not fall between trials: {counts}"
    runs.begin(killed)
    assert runs.end() == 0
    expected, found = trials(undisturbed), trials(killed)
    assert len(found) == 4 * 3
    assert {name: numbers(each) for name, each in found.items()} == {
        name: numbers(each) for name, each in expected.items()
    }
    assert not [path for path in (killed / "trials").iterdir() if path.name.startswith(".")]
    for name in ("results.csv", "report.html", "best.keras"):
        assert (killed / name).exists()
