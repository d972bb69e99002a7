"""Measuring a cell, going on where a run was ended, and workers that fail."""

import json
import os
import subprocess
import sys
import time

import pytest

from benchmarks import matrix, team, worker
from keras_attn.bench import check_shape

VARIANTS = ("jax", "published eager")
PLAN = team.Plan(variants=VARIANTS, rounds=2, repetitions=2, threads=1)
# Large enough for its memory to be that of the map, not of the pages around it.
CELLS = [("csa", (8, 16, 16, 64)), ("shuffle", (8, 16, 16, 64))]
SA = {"key": "sa", "shape": [1, 2, 3], "others": 0.01, "results": {}}
COMMON = {"code": "1", "variants": list(VARIANTS)}


@pytest.mark.slow
def test_cells_are_measured_once_and_refusals_recorded(tmp_path, monkeypatch):
    monkeypatch.setattr(matrix, "QUIET", 1.0)
    output = tmp_path / "deep" / "results.json"
    results = matrix.run("layer", CELLS, PLAN, output)
    content = json.loads(output.read_text())
    assert content == results.content
    assert content["threads"] == 1
    assert {"keras", "jax", "torch", "python"} <= content["versions"].keys()
    csa, shuffle = content["cells"]
    assert 0 <= csa["others"] <= 1
    assert (csa["key"], csa["shape"]) == ("csa", [8, 16, 16, 64])
    assert set(csa["results"]) == set(VARIANTS)
    for result in csa["results"].values():
        assert result["parameters"] == 1122
        assert result["peak_memory"] >= 2 * 8 * 16 * 16 * 64 * 4
        assert set(result["times"]) == {"inference", "training", "double"}
        for times in result["times"].values():
            assert 0 < times["least"] <= times["median"] <= times["largest"]
    for result in shuffle["results"].values():
        assert "multiple of 128" in result["error"]
        assert "times" not in result

    def measure(*_):
        raise AssertionError("measured again")

    monkeypatch.setattr(team.Team, "measure", measure)
    assert matrix.run("layer", CELLS, PLAN, output).content == content


@pytest.mark.parametrize("memory", [True, False])
def test_memory_is_measured_where_the_plan_says_so(memory, monkeypatch):
    answers = {
        "prepare": {"first_call": {"double": 0.1}, "parameters": 1},
        "measure": {"double": [1.0]},
        "memory": 5,
    }
    monkeypatch.setattr(worker.Worker, "ask", lambda self, task, **_: answers[task])
    with team.Team(PLAN._replace(memory=memory)) as workers:
        results = workers.measure("layer", "csa", (1, 2, 3))["results"].values()
    assert [("peak_memory" in each, "times" in each) for each in results] == [(memory, True)] * 2


def test_every_finished_cell_is_kept(tmp_path, monkeypatch):
    def measure(team, kind, key, shape):
        if key == "shuffle":
            raise KeyboardInterrupt
        return {"others": 0.0, "results": {"jax": {"parameters": 1}}}

    monkeypatch.setattr(team.Team, "measure", measure)
    output = tmp_path / "results.json"
    with pytest.raises(KeyboardInterrupt):
        matrix.run("layer", CELLS, PLAN, output)
    assert [cell["key"] for cell in json.loads(output.read_text())["cells"]] == ["csa"]
    assert [path.name for path in tmp_path.iterdir()] == ["results.json"]


def test_a_disturbed_cell_is_measured_again(tmp_path, monkeypatch, capsys):
    shares = iter([0.5, 0.02, 0.0])
    monkeypatch.setattr(
        team.Team, "measure", lambda *_: {"others": next(shares), "results": {"jax": {}}}
    )
    output = tmp_path / "results.json"
    matrix.run("layer", CELLS, PLAN, output)
    assert "running while csa took" in capsys.readouterr().err
    cells = matrix.run("layer", CELLS, PLAN, output).cells
    assert [(cell["key"], cell["others"]) for cell in cells] == [("shuffle", 0.02), ("csa", 0.0)]
    assert json.loads(output.read_text())["cells"] == cells


def test_the_watch_sees_other_programs_only():
    def spin(seconds):
        end = time.perf_counter() + seconds
        while time.perf_counter() < end:
            pass

    watch = team.Watch([])
    spin(0.5)
    before = watch.others()
    other = subprocess.Popen([sys.executable, "-c", "while True: pass"])
    watch, known = team.Watch([]), team.Watch([other.pid])
    time.sleep(1)
    seen, unseen = watch.others(), known.others()
    other.kill()
    other.wait()
    # Other tests may be running beside this one.
    assert 0 <= before <= 1
    assert seen - unseen > 0.3 / os.cpu_count()


def test_what_was_measured_otherwise_is_not_added_to(tmp_path):
    path = tmp_path / "results.json"
    matrix.Results(path, COMMON).add(SA)
    assert matrix.Results(path, COMMON).has("sa", (1, 2, 3))
    with pytest.raises(ValueError, match=r"other circumstances \(code\).*--output"):
        matrix.Results(path, {**COMMON, "code": "2"})


def test_the_newest_file_is_continued_if_it_can_be(tmp_path, monkeypatch):
    monkeypatch.setattr(matrix, "RESULTS", tmp_path)
    fresh = matrix.default_output("layer", COMMON)
    assert fresh.name.startswith("layers-20")
    earlier = tmp_path / "layers-2001-01-01.json"
    matrix.Results(earlier, COMMON).add(SA)
    assert matrix.default_output("layer", COMMON) == earlier
    assert matrix.default_output("layer", {**COMMON, "code": "2"}) == fresh


def test_a_worker_that_dies_is_replaced():
    jax = worker.Worker("jax", threads=1, environment={})
    try:
        with pytest.raises(worker.WorkerError, match="AttributeError"):
            jax.ask("nothing")
        jax._process.kill()
        jax._process.wait()
        with pytest.raises(worker.WorkerError, match="ended: status -9"):
            jax.ask("nothing")
        with pytest.raises(worker.WorkerError, match="AttributeError"):
            jax.ask("nothing")
    finally:
        jax.close()


def test_a_worker_is_not_waited_for_without_end(monkeypatch):
    monkeypatch.setattr(worker, "PATIENCE", 0)
    jax = worker.Worker("jax", threads=1, environment={})
    with pytest.raises(worker.WorkerError, match="no answer in 0"):
        jax.ask("prepare", kind="layer", key="sa", shape=[1, 2, 2, 8])
    assert jax._process is None


def test_installed_variants_are_those_of_the_backends():
    assert matrix.installed_variants() == tuple(worker.VARIANTS)


@pytest.mark.parametrize("shape", [(2, 3), (1, 2, 3, 4, 5, 6), (1, -2, 3)])
def test_a_shape_is_a_batch_of_maps(shape):
    with pytest.raises(ValueError, match="batch, height, width and channels"):
        check_shape(shape)
