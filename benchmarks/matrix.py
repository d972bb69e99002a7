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
import shutil
import statistics
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from benchmarks.worker import VARIANTS, Worker, WorkerError
from keras_attn.bench import MEMORY_ENVIRONMENT
from keras_attn.hardware import processor_name
from keras_attn.study.files import prepare_folder, replacing

#: The share of the machine that other programs may use while times are taken. Threads that wait
#: for each other are slowed by far more than that share.
QUIET = 0.05

#: Makes glibc's allocator keep what is freed, as TensorFlow's does. If it hands blocks back and
#: takes them anew, every step pays for their pages, now more and now less: up to half its time.
TIMING_ENVIRONMENT = {
    "MALLOC_MMAP_THRESHOLD_": str(32 * 2**20),  # the largest that it takes
    "MALLOC_TRIM_THRESHOLD_": str(2**34),
    "MALLOC_ARENA_MAX": "1",  # those of threads are handed back whatever the threshold
}

RESULTS = Path(__file__).parent / "results"
ROOT = Path(__file__).parents[1]


class Plan(NamedTuple):
    """How every cell is measured.

    Attributes:
        variants: Which of `VARIANTS`.
        rounds: How often each variant has its turn.
        repetitions: Of every step in a turn, after one that is not timed.
        threads: How many an operation may use.
    """

    variants: tuple[str, ...]
    rounds: int
    repetitions: int
    threads: int


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


def newest(pattern: str) -> Path | None:
    """The results file of that pattern with the latest name, or None."""
    return max(RESULTS.glob(pattern), default=None)


def default_output(kind: str, common: dict[str, Any]) -> Path:
    """The newest file where it was measured like this and can be continued, or one of today."""
    latest = newest(f"{kind}s-*.json")
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


class Team:
    """The workers: one a variant for the times, and one for the memory.

    They differ in their allocators: those for the times keep what is freed, those for the memory
    give it back, so that it is counted. What PyTorch has compiled they share; the folder is new,
    so that nothing is there before the first of them.
    """

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self._cache = tempfile.mkdtemp()
        shared = {"TORCHINDUCTOR_CACHE_DIR": self._cache}
        self.timers, self.scales = (
            {name: Worker(name, plan.threads, variables) for name in plan.variants}
            for variables in ({**shared, **TIMING_ENVIRONMENT}, {**shared, **MEMORY_ENVIRONMENT})
        )

    def __enter__(self) -> Team:
        return self

    def __exit__(self, *_: object) -> None:
        for worker in (*self.timers.values(), *self.scales.values()):
            worker.close()
        shutil.rmtree(self._cache, ignore_errors=True)

    def measure(self, kind: str, key: str, shape: Sequence[int]) -> dict[str, dict[str, Any]]:
        """A cell: what was measured of each variant, or its error, and how quiet it was."""
        subject = {"kind": kind, "key": key, "shape": list(shape)}
        results: dict[str, dict[str, Any]] = {}
        times: dict[str, dict[str, list[float]]] = {}
        for name, timer in self.timers.items():
            with keeping_error(results, name):
                prepared = timer.ask("prepare", **subject)
                first_call = {step: rounded(each) for step, each in prepared["first_call"].items()}
                results[name] = {**prepared, "first_call": first_call}
                times[name] = {step: [] for step in first_call}
        watch = Watch(timer.pid for timer in self.timers.values())
        for _ in range(self.plan.rounds):
            for name in [name for name in times if "error" not in results[name]]:
                with keeping_error(results, name):
                    turn = self.timers[name].ask("measure", repetitions=self.plan.repetitions)
                    for step, milliseconds in turn.items():
                        times[name][step] += milliseconds
        others = watch.others()
        for name in [name for name in times if "error" not in results[name]]:
            results[name]["times"] = {step: summary(each) for step, each in times[name].items()}
            with keeping_error(results, name):
                self.scales[name].ask("prepare", **subject)
                results[name]["peak_memory"] = self.scales[name].ask("memory")
        return {"others": others, "results": results}


class Watch:
    """How much of the machine other programs use, from now on.

    Args:
        pids: The processes that are not others, beside this one.
    """

    def __init__(self, pids: Iterable[int | None]) -> None:
        self._pids = [os.getpid(), *filter(None, pids)]
        self._begin = time.perf_counter(), self._ticks()

    def others(self) -> float:
        """Their share of the machine's time; 0 where the system does not tell."""
        begin, ticks = self._begin
        available = (time.perf_counter() - begin) * os.sysconf("SC_CLK_TCK") * os.cpu_count()
        return round(max(0, self._ticks() - ticks) / available, 3)

    def _ticks(self) -> int:
        """The time that all processors were busy, without that of our processes."""
        try:
            stat = Path("/proc/stat").read_text().split("\n")[0].split()
            ours = [Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2] for pid in self._pids]
        except OSError:
            return 0
        user, nice, system, _idle, _waiting, *rest = map(int, stat[1:9])
        return (
            user
            + nice
            + system
            + sum(rest)
            - sum(int(ticks) for line in ours for ticks in line.split()[11:13])
        )


@contextmanager
def keeping_error(results: dict[str, dict[str, Any]], name: str) -> Iterator[None]:
    """Puts what a worker could not do among the results."""
    try:
        yield
    except WorkerError as error:
        results.setdefault(name, {})["error"] = str(error)


def summary(milliseconds: Sequence[float]) -> dict[str, float]:
    """The median, the least and the largest."""
    return {
        "median": rounded(statistics.median(milliseconds)),
        "least": rounded(min(milliseconds)),
        "largest": rounded(max(milliseconds)),
    }


def rounded(number: float) -> float:
    """Four digits, more than any clock is good for."""
    return float(f"{number:.4g}")
