"""A matrix of measurements: cells, in which the variants take turns, and the file they are kept in.

A cell is one layer (or network) at one shape. Every finished cell is written at once, so that a
run that was ended continues with the same command.
"""

from __future__ import annotations

import datetime
import hashlib
import importlib.metadata
import importlib.util
import json
import os
import platform
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from benchmarks.team import Plan, Team
from benchmarks.worker import VARIANTS
from keras_attn.hardware import processor_name
from keras_attn.study.files import prepare_folder, replacing

#: The share of the machine that other programs may use while times are taken. Threads that wait
#: for each other are slowed by far more than that share.
QUIET = 0.05

RESULTS = Path(__file__).parent / "results"
ROOT = Path(__file__).parents[1]


def installed_variants() -> tuple[str, ...]:
    """The variants whose backend is installed."""
    return tuple(name for name, module in VARIANTS.items() if importlib.util.find_spec(module))


def circumstances(plan: Plan) -> dict[str, Any]:
    """What all cells of a file have in common: code, versions, machine, plan."""
    packages = ("keras", "tensorflow", "jax", "torch", "numpy")
    installed = [name for name in packages if importlib.util.find_spec(name)]
    versions = {name: importlib.metadata.version(name) for name in installed}
    return {
        "code": fingerprint(),
        "versions": {"python": platform.python_version(), **versions},
        "cpu": processor_name(),
        "cores": len(os.sched_getaffinity(0)),
        **plan._asdict(),
        "variants": list(plan.variants),
    }


def fingerprint() -> str:
    """A digest of the code that is measured, and of that which measures."""
    digest = hashlib.sha256()
    folders = ("kernels", "gates", "layers")
    files = [path for each in folders for path in ROOT.glob(f"keras_attn/{each}/**/*.py")]
    files += ROOT.glob("benchmarks/published_forms/*.py")
    files += [*ROOT.glob("keras_attn/bench/*.py"), ROOT / "benchmarks/subjects.py"]
    for path in sorted(files):
        digest.update(path.read_bytes())
    return digest.hexdigest()[:12]


class Results:
    """A results file.

    Args:
        path: Where it is, or will be.
        common: The `circumstances` of the measurements.

    Raises:
        ValueError: If it holds measurements made under others.
    """

    def __init__(self, path: Path, common: dict[str, Any]) -> None:
        self.path = path
        self.content = {"date": datetime.date.today().isoformat(), **common, "cells": []}
        if path.exists():
            self.content = json.loads(path.read_text(encoding="utf-8"))
            differing = [name for name in common if self.content.get(name) != common[name]]
            if differing:
                raise ValueError(
                    f"{path} was measured under other circumstances ({', '.join(differing)}). Name "
                    f"another file with --output, or move that one away."
                )
        prepare_folder(path.parent)

    @property
    def cells(self) -> list[dict[str, Any]]:
        """What was measured: key, shape and results of each cell."""
        return self.content["cells"]

    def has(self, key: str, shape: Sequence[int]) -> bool:
        """Whether there is such a cell, measured while other programs were quiet."""
        return any(
            (cell["key"], cell["shape"]) == (key, list(shape)) and cell["others"] <= QUIET
            for cell in self.cells
        )

    def add(self, cell: dict[str, Any]) -> None:
        """Keeps a cell, in place of an earlier one; the file has it whole, or is as it was."""
        place = cell["key"], cell["shape"]
        kept = [each for each in self.cells if (each["key"], each["shape"]) != place]
        self.content["cells"] = [*kept, cell]
        with replacing(self.path) as path:
            path.write_text(self.as_json(), encoding="utf-8")

    def as_json(self) -> str:
        """The file's text, with a line for each variant of a cell."""
        text = json.dumps({**self.content, "cells": []}, indent=1).removesuffix("[]\n}")
        cells = []
        for cell in self.cells:
            lines = [f"{json.dumps(name)}: {json.dumps(r)}" for name, r in cell["results"].items()]
            head = json.dumps({**cell, "results": {}}).removesuffix("{}}")
            cells.append("  " + head + "{\n   " + ",\n   ".join(lines) + "\n  }}")
        return text + "[\n" + ",\n".join(cells) + "\n ]\n}\n"


def default_output(kind: str, common: dict[str, Any]) -> Path:
    """The newest file where it was measured like this and can be continued, or one of today."""
    latest = max(RESULTS.glob(f"{kind}s-*.json"), default=None)
    if latest and common.items() <= json.loads(latest.read_text(encoding="utf-8")).items():
        return latest
    return RESULTS / f"{kind}s-{datetime.date.today().isoformat()}.json"


def run(
    kind: str, cells: Iterable[tuple[str, tuple[int, ...]]], plan: Plan, output: Path | None
) -> Results:
    """Measures what the file does not have yet.

    Args:
        kind: A function of `subjects`, whose plural the files are named by.
        cells: Key and shape of each.
        plan: How.
        output: The file; `default_output` if None.
    """
    common = circumstances(plan)
    results = Results(output or default_output(kind, common), common)
    missing = [cell for cell in cells if not results.has(*cell)]
    with Team(plan) as team, progress_bar() as bar:
        task = bar.add_task("", total=len(missing))
        for key, shape in missing:
            bar.update(task, description=f"{key} {'x'.join(map(str, shape))}")
            results.add({"key": key, "shape": list(shape), **team.measure(kind, key, shape)})
            bar.advance(task)
    if disturbed := [cell["key"] for cell in results.cells if cell["others"] > QUIET]:
        print(
            f"Other programs were running while {', '.join(disturbed)} took turns. The same "
            f"command measures these again.",
            file=sys.stderr,
        )
    return results


def progress_bar() -> Progress:
    """One bar over all cells, on standard error."""
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("cells,"),
        TimeRemainingColumn(),
        TextColumn("left"),
        console=Console(stderr=True),
    )
