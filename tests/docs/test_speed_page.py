"""The page on speed says what the results say."""

import json

import pytest

from benchmarks import matrix
from docs import speed

VARIANTS = ["jax", "torch compiled", "published eager", "published compiled"]
COMMON = {
    "date": "2001-02-03",
    "code": "0",
    "versions": {"keras": "3"},
    "cpu": "A processor",
    "cores": 2,
    "variants": VARIANTS,
    "rounds": 5,
    "repetitions": 3,
    "threads": 2,
}

STUDY = {
    "date": "2001-02-03",
    "dataset": "spots",
    "backend": "tensorflow 9",
    "backbone": "resnet8",
    "epochs": 3,
    "trials": 8,
    "seconds": [{"topology": "none"}, {"topology": "csa"}],
    "trials_per_hour": {"shared": 240.5, "plain": 120.25},
    "ratio": 2.0,
    "identical": False,
}


def results(*milliseconds):
    return {
        name: {
            "first_call": {"training": 1.5},
            "times": {
                step: {"median": ms, "least": ms / 2, "largest": ms * 3}
                for step in ("training", "inference", "double")
            },
            "peak_memory": 10_000_000,
        }
        for name, ms in zip(VARIANTS, milliseconds, strict=True)
    }


def write(path, cells):
    cells = [
        {"key": key, "shape": shape, "others": 0.012, "results": values}
        for key, shape, values in cells
    ]
    path.write_text(json.dumps({**COMMON, "cells": cells}))
    return path


@pytest.fixture
def files(tmp_path):
    refused = {"error": "ValueError: too few"}
    layers = [
        ("csa", [2, 8, 8, 64], results(3.0, 4.5, 10.0, 5.0)),
        ("se", [2, 8, 8, 64], {**results(1.0, 1.0, 1.0, 1.0), "jax": refused}),
    ]
    network = [
        ("none", [4, 8, 8, 3], results(4, 4, 4, 4)),
        ("csa", [4, 8, 8, 3], results(*4 * [8])),
        ("none", [4, 4, 4, 1], results(2, 2, 2, 2)),
        ("csa", [4, 4, 4, 1], results(*4 * [3])),
    ]
    before = [("none", [4, 8, 8, 3], results(5, 5, 5, 5)), ("csa", [4, 8, 8, 3], results(*4 * [9]))]
    study = tmp_path / "study-2001-02-03.json"
    study.write_text(json.dumps(STUDY))
    return (
        write(tmp_path / "layers-2001-02-03.json", layers),
        [
            write(tmp_path / "networks-2001-02-03.json", network),
            write(tmp_path / "networks-2001-02-02.json", before),
        ],
        [study],
    )


def test_the_page_has_ratios_targets_and_refusals(files):
    page = speed.page(*files)
    assert "On 2001-02-03: A processor, 2 cores" in page
    assert "no more than 1.2% of the machine" in page
    assert "median of 15 runs" in page
    worst = "0.60 (csa, 2x8x8x64)"
    assert f"| jax | 0.60 | 0.40 | {worst} | 1.10 | 0.60 | 0.75 | 0.30 | 0.35 |" in page
    assert "| csa | 5 | 10 | 3 (0.60) | 4.5 (0.90) |" in page
    large, small, before = page.partition("Batches of 4x8x8x3:")[2].split("Batches of 4x")
    assert "| published compiled | 4 | 8 | 1.00 | 1.00 | 2.00 | 10 |" in large
    assert "| published compiled | 2 | 3 | 1.00 | 1.00 | 1.50 | 10 |" in small
    assert "Single steps took 0.50 to 3.00 of their median." in small
    assert "before the latest changes" in small
    assert "| published compiled | 5 | 9 | 1.00 | 1.00 | 1.80 | 10 |" in before
    assert "* se at 2x8x8x64, jax: ValueError: too few" in page
    assert "| x * 2, ms | 2x8x8x64 |\n|---|---:|\n| jax | 3 |\n| torch compiled | 4.5 |" in page
    measured = page.partition("## The targets")[2].partition("## A study")[0]
    assert "tensorflow" not in measured


def test_the_page_says_whether_a_study_gave_the_same_numbers(files):
    row = (
        "| 8 of 3 epochs, spots, resnet8 (none, csa; tensorflow 9; 2001-02-03) | 240 | 120 | 2.00 |"
    )
    assert f"{row} others |" in speed.page(*files)
    files[2][0].write_text(json.dumps({**STUDY, "identical": True}))
    assert f"{row} the same |" in speed.page(*files)


def test_modules_that_were_measured_again_are_beside_what_they_were(files, tmp_path):
    shape = [2, 8, 8, 64]
    faster = results(2.0, 4.5, 10.0, 5.0)
    for name, ms in (("jax", 1.0), ("torch compiled", 2.25)):
        faster[name]["times"]["inference"]["median"] = ms
    first = write(tmp_path / "modules-1.json", [("csa", shape, faster)])
    second = write(tmp_path / "modules-2.json", [("se", shape, results(3.0, 1.0, 1.0, 5.0))])
    # An earlier run of both, of which nothing is left.
    slower = results(9.0, 9.0, 9.0, 5.0)
    before = write(tmp_path / "modules-0.json", [(key, shape, slower) for key in ("csa", "se")])
    page = speed.page(*files, modules=[before, first, second])
    section = page.partition("Modules whose code changed")[2]
    training, inference = section.partition("## ")[0].split("\nInference:\n")
    for part in (training, inference):
        assert "| layer | jax, before | jax, now | torch compiled, before |" in part
    assert "| csa | 0.60 | 0.40 | 0.90 | 0.90 |\n| se | - | 0.60 | 1.00 | 0.20 |" in training
    assert "| csa | 0.60 | 0.20 | 0.90 | 0.45 |\n" in inference
    for key in ("csa", "se"):
        assert page.count(f"`python -m benchmarks.layers --keys {key}` measures it.") == 1
    assert "--keys csa,se" not in page


def test_what_was_not_measured_is_left_out(files):
    titles = ("## A whole network", "## A study")
    assert all(title in speed.page(*files) for title in titles)
    assert not any(title in speed.page(files[0], [], []) for title in titles)


def test_the_newest_results_are_shown(files, monkeypatch):
    monkeypatch.setattr(matrix, "RESULTS", files[0].parent)
    assert speed.newest() == (*files, None, [])
    later = files[0].with_name("layers-2001-02-04.json")
    later.write_text(files[0].read_text())
    assert speed.newest() == (later, *files[1:], None, [])
    for path in files[0].parent.glob("layers-*"):
        path.unlink()
    assert speed.newest() is None
