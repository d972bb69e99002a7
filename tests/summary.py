"""Prints what each part of the test command took, and its slowest tests.

    python tests/summary.py FOLDER [--slowest N] [--lengthy tests/lengthy.txt]

FOLDER holds the JUnit files of the parts. The file `lengthy.txt` lists the tests that took longer
than a second, by backend: `make test-quick` leaves them out.
"""

import argparse
from pathlib import Path
from xml.etree import ElementTree

#: Seconds after which a test counts as lengthy.
LIMIT = 1.0

#: The backend of the parts that do not have its name.
BACKENDS = {"once": "torch", "site": "torch"}


def main():
    """Reads the files and prints the tables."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--slowest", type=int, default=5, help="how many tests to list")
    parser.add_argument("--lengthy", type=Path, help="the file to list lengthy tests in")
    arguments = parser.parse_args()
    files = sorted(arguments.folder.glob("*.xml"))
    print(summary(files, arguments.slowest))
    if arguments.lengthy:
        arguments.lengthy.write_text("\n".join(lengthy(files)) + "\n", encoding="utf-8")


def lengthy(files):
    """The backend and the name of each test function of which one case took longer than LIMIT."""
    names = set()
    for file in files:
        part = file.stem.partition("-")[0]
        for case in ElementTree.parse(file).iter("testcase"):
            if float(case.get("time", 0)) > LIMIT:
                path = case.get("classname").replace(".", "/")
                function = case.get("name").partition("[")[0]
                names.add(f"{BACKENDS.get(part, part)} {path}.py::{function}")
    return sorted(names)


def summary(files, slowest):
    """The table of the parts, and the slowest tests of all of them, as text."""
    suites = {file.stem: next(ElementTree.parse(file).iter("testsuite")) for file in files}
    lines = ["", f"{'part':<20}{'tests':>8}{'failed':>8}{'skipped':>9}{'seconds':>9}"]
    totals = [0, 0, 0, 0.0]
    for name, suite in suites.items():
        counts = [int(suite.get(each, 0)) for each in ("tests", "failures", "errors", "skipped")]
        row = [counts[0], counts[1] + counts[2], counts[3], float(suite.get("time", 0))]
        totals = [total + value for total, value in zip(totals, row, strict=True)]
        lines.append(_row(name, row))
    lines += [_row("all, one by one", totals), "", f"the {slowest} slowest tests, in seconds"]
    cases = [
        (float(case.get("time", 0)), name, f"{case.get('classname')}::{case.get('name')}")
        for name, suite in suites.items()
        for case in suite.iter("testcase")
    ]
    lines += [
        f"{seconds:8.1f}  {part:<18}  {case}"
        for seconds, part, case in sorted(cases, reverse=True)[:slowest]
    ]
    return "\n".join(lines)


def _row(name, values):
    tests, failed, skipped, seconds = values
    return f"{name:<20}{tests:>8}{failed:>8}{skipped:>9}{seconds:>9.0f}"


if __name__ == "__main__":
    main()
