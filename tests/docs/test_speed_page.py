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


def results(*milliseconds):
    return {
        name: {
            "first_call": {"training": 1.5},
            "times": {step: {"median": ms} for step in ("training", "inference", "double")},
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
    ]
    return (
        write(tmp_path / "layers-2001-02-03.json", layers),
        write(tmp_path / "networks-2001-02-03.json", network),
    )


def test_the_page_has_ratios_targets_and_refusals(files):
    page = speed.page(*files)
    assert "On 2001-02-03: A processor, 2 cores" in page
    assert "no more than 1.2% of the machine" in page
    assert "median of 15 runs" in page
    worst = "0.60 (csa, 2x8x8x64)"
    assert f"| jax | 0.60 | 0.60 | {worst} | 1.20 | 0.60 | 1.00 | 0.30 | 0.35 |" in page
    assert "| csa | 5 | 10 | 3 (0.60) | 4.5 (0.90) |" in page
    assert "| published compiled | 4 | 8 | 1.00 | 1.00 | 2.00 | 10 |" in page
    assert "* se at 2x8x8x64, jax: ValueError: too few" in page
    assert "tensorflow" not in page.partition("## The targets")[2]


def test_without_a_network_its_section_is_left_out(files):
    assert "## A whole network" in speed.page(*files)
    assert "## A whole network" not in speed.page(files[0], None)


def test_the_newest_results_are_shown(files, monkeypatch):
    monkeypatch.setattr(matrix, "RESULTS", files[0].parent)
    assert speed.newest() == files
    later = files[0].with_name("layers-2001-02-04.json")
    later.write_text(files[0].read_text())
    assert speed.newest() == (later, files[1])
    for path in files[0].parent.glob("layers-*"):
        path.unlink()
    assert speed.newest() is None
