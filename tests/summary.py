"""Prints what each part of the test command took, and its slowest tests.

    python tests/summary.py FOLDER [--slowest N]

FOLDER holds the JUnit files of the parts.
"""

import argparse
from pathlib import Path
from xml.etree import ElementTree


def main():
    """Reads the files and prints the tables."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--slowest", type=int, default=5, help="how many tests to list")
    arguments = parser.parse_args()
    print(summary(sorted(arguments.folder.glob("*.xml")), arguments.slowest))


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
