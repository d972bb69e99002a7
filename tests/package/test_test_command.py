"""The programs behind `make test` and `make test-floors`."""

import tomllib
from pathlib import Path

from tests.floors import floors
from tests.summary import lengthy, summary

PART = """<testsuites>
<testsuite tests="3" failures="{failures}" errors="1" skipped="0" time="{time}">
<testcase classname="tests.a" name="test_slow" time="{time}"/>
<testcase classname="tests.a" name="test_fast" time="0.1"/>
</testsuite></testsuites>"""


def test_the_summary_adds_up_the_parts_and_lists_the_slowest_tests(tmp_path):
    for name, failures, time in (("jax", 0, 90.4), ("torch", 2, 30.0)):
        (tmp_path / f"{name}.xml").write_text(PART.format(failures=failures, time=time))
    lines = summary(sorted(tmp_path.glob("*.xml")), slowest=2).splitlines()
    assert [line.split() for line in lines[2:4]] == [
        ["jax", "3", "1", "0", "90"],
        ["torch", "3", "3", "0", "30"],
    ]
    assert lines[4].split()[-4:] == ["6", "4", "0", "120"]
    assert [line.split() for line in lines[-2:]] == [
        ["90.4", "jax", "tests.a::test_slow"],
        ["30.0", "torch", "tests.a::test_slow"],
    ]


def test_lengthy_tests_are_listed_by_backend(tmp_path):
    for name, time in (("jax-layers", 1.5), ("jax-models", 90), ("once", 2), ("torch", 0.9)):
        (tmp_path / f"{name}.xml").write_text(PART.format(failures=0, time=time))
    assert lengthy(tmp_path.glob("*.xml")) == [
        "jax tests/a.py::test_slow",
        "torch tests/a.py::test_slow",
    ]


def test_what_quick_leaves_out_is_a_test():
    """The list has no tests that were renamed or removed."""
    root = Path(__file__).parents[2]
    for line in (root / "tests/lengthy.txt").read_text(encoding="utf-8").splitlines():
        path, _, function = line.partition(" ")[2].partition("::")
        assert f"def {function}(" in (root / path).read_text(encoding="utf-8"), line


def test_floors_are_the_lowest_declared_versions():
    text = (Path(__file__).parents[2] / "pyproject.toml").read_text(encoding="utf-8")
    project = tomllib.loads(text)["project"]
    found = floors(project, ["jax", "study"])
    assert {"keras==3.15", "numpy==2.2"} <= set(found)
    assert [line.partition("==")[0] for line in found[:3]] == ["keras", "numpy", "jax"]
    assert not any("keras-attn" in line for line in found)
