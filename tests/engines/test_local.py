"""Several processes on one machine: the same numbers, each trial once, and clear ends."""

import json
import os
import signal
import threading
import time

import pandas as pd
import pytest
from engines.conftest import numbers

from keras_attn.study import compare
from keras_attn.study.engines import local


def records(folder):
    return [json.loads(path.read_text()) for path in sorted((folder / "trials").glob("*.json"))]


def test_two_processes_give_the_numbers_of_one(arguments, undisturbed, tmp_path, capsys):
    comparison = compare(**{**arguments, "progress": True}, output=tmp_path, jobs=2)
    shown = capsys.readouterr().err.splitlines()
    assert [line.partition(":")[0] for line in shown] == [f"trial {n} of 4" for n in range(1, 5)]
    pd.testing.assert_frame_equal(
        numbers(comparison), numbers(undisturbed[0]), check_exact=False, atol=1e-6
    )
    workers = {record["worker"] for record in records(tmp_path)}
    assert len(workers) == 2
    assert not any(str(os.getpid()) in worker.split() for worker in workers)


def kill_the_first(started, count):
    """Kills so many of the workers as soon as they run."""

    def kill():
        while len(started) < 2:
            time.sleep(0.01)
        time.sleep(0.5)
        for worker in started[:count]:
            os.kill(worker.pid, signal.SIGKILL)

    thread = threading.Thread(target=kill, daemon=True)
    thread.start()
    return thread


@pytest.fixture
def started(monkeypatch):
    """The worker processes, as they are started."""
    found, start = [], local._start
    monkeypatch.setattr(
        local, "_start", lambda *given: found.append(worker := start(*given)) or worker
    )
    return found


def test_a_killed_worker_costs_nothing_that_another_cannot_run(
    arguments, undisturbed, tmp_path, started
):
    kill_the_first(started, 1)
    comparison = compare(**arguments, output=tmp_path, jobs=2)
    assert started[0].returncode == -signal.SIGKILL
    pd.testing.assert_frame_equal(
        numbers(comparison), numbers(undisturbed[0]), check_exact=False, atol=1e-6
    )


def test_if_all_workers_are_killed_the_error_says_how_to_go_on(
    arguments, undisturbed, tmp_path, started
):
    kill_the_first(started, 2)
    with pytest.raises(RuntimeError, match=r"(?s)were not run.*same command.*killed by signal 9"):
        compare(**arguments, output=tmp_path, jobs=2)
    comparison = compare(**arguments, output=tmp_path)
    pd.testing.assert_frame_equal(numbers(comparison), numbers(undisturbed[0]))


def test_a_worker_that_cannot_begin_shows_its_last_words(arguments, tmp_path, monkeypatch):
    monkeypatch.setattr(local.cloudpickle, "dumps", lambda *given: b"no plan")
    with pytest.raises(RuntimeError, match=r"(?s)were not run.*exit status 1.*UnpicklingError"):
        compare(**arguments, output=tmp_path, jobs=2)
