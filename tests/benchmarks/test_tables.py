"""The arithmetic of the tables, on made-up results."""

import pytest

from benchmarks import tables

VARIANTS = ["jax", "published eager", "published compiled"]


def result(training, double=1.0, memory=None):
    times = {"training": training, "inference": training / 4, "double": double}
    return {
        "first_call": {"training": 2.0},
        "times": {name: {"median": value} for name, value in times.items()},
        "peak_memory": memory,
    }


def cell(key, ours, eager, compiled, shape=(2, 8, 8, 64)):
    results = {
        "jax": result(ours, memory=3_000_000),
        "published eager": result(eager, memory=8_000_000),
        "published compiled": result(compiled, memory=6_000_000),
    }
    return {"key": key, "shape": list(shape), "results": results}


@pytest.fixture
def content():
    cells = [cell("se", 30, 40, 10), cell("csa", 2, 16, 4), cell("sca", 8, 16, 4)]
    failed = {name: {"error": "ValueError: no"} for name in VARIANTS}
    cells.append({"key": "shuffle", "shape": [2, 8, 8, 64], "results": failed})
    return {"variants": VARIANTS, "cells": cells}


def test_geometric_mean():
    assert tables.geometric_mean([0.5, None, 2.0]) == pytest.approx(1.0)
    assert tables.geometric_mean([2.0, 4.0, 8.0]) == pytest.approx(4.0)
    assert tables.geometric_mean([None]) is None


def test_times_have_their_ratio(content):
    rows = tables.times(content, tables.at_shape(content, [2, 8, 8, 64]), "training")
    assert rows == [
        ["key", "published compiled", "published eager", "jax"],
        ["csa", "4", "16", "2 (0.50)"],
        ["sca", "4", "16", "8 (2.00)"],
        ["se", "10", "40", "30 (3.00)"],
        ["shuffle", "-", "-", "-"],
    ]


def test_means_over_the_topologies_and_over_all(content):
    head, training, inference = tables.means(content, tables.topologies(content["cells"]))
    assert len(head) == len(training) == len(inference)
    assert training == [
        *("jax", "forward + backward", "1.00", "4.00", "2.00 (sca, 2x8x8x64)", "0.50")
    ]
    assert inference[2:] == ["1.00", "1.00", "2.00 (sca, 2x8x8x64)", "-"]
    _, training, _ = tables.means(content, content["cells"])
    assert training[2:5] == ["1.44", "7.83", "3.00 (se, 2x8x8x64)"]


def test_pytorch_as_it_stands_is_compared_with_that(content):
    of_se = content["cells"][0]
    of_se["results"]["torch eager"] = result(20)
    assert tables.over_published(of_se, "torch eager", "training") == 0.5
    assert tables.over_published(of_se, "jax", "training") == 3


def test_memory_and_first_calls(content):
    cells = tables.at_shape(content, [2, 8, 8, 64])
    assert tables.one_value(content, cells, tables.memory)[1] == ["csa", "6", "8", "3"]
    assert tables.one_value(content, cells, tables.first_call)[1] == ["csa", "2", "2", "2"]


def test_what_attention_makes_of_a_network():
    cells = [cell("none", 5, 8, 10), cell("csa", 10, 40, 20)]
    larger = cell("csa", 30, 30, 30, (2, 16, 16, 64))
    rows = tables.network({"variants": VARIANTS, "cells": [*cells, larger]}, [2, 8, 8, 64])
    assert rows[0][:3] == ["variant", "none, ms", "csa, ms"]
    assert rows[1] == ["published compiled", "10", "20", "1.00", "0.50", "2.00", "6"]
    assert rows[3] == ["jax", "5", "10", "0.50", "0.25", "2.00", "3"]


def test_errors_of_all_variants_are_one_line(content):
    assert tables.errors(content) == ["shuffle at 2x8x8x64, all: ValueError: no"]
    content["cells"][0]["results"]["jax"] = {"error": "late"}
    assert tables.errors(content)[0] == "se at 2x8x8x64, jax: late"


def test_the_report_has_everything(content):
    report = tables.report(content)
    for part in ("2 (0.50)", "geometric means, topologies", "peak memory", "not measured: shuffle"):
        assert part in report


@pytest.mark.parametrize(("value", "shown"), [(None, "-"), (0.0123, "0.0123"), (123.4, "123")])
def test_numbers_have_three_digits(value, shown):
    assert tables.number(value) == shown


def test_renderings():
    table = [["key", "ms"], ["csa", "2"]]
    assert tables.aligned(table) == "key  ms\ncsa   2"
    assert tables.markdown(table) == "| key | ms |\n|---|---:|\n| csa | 2 |"
