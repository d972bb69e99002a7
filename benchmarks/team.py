"""The processes that measure: one per variant, which take turns, and a watch over the machine."""

from __future__ import annotations

import os
import shutil
import statistics
import tempfile
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

from benchmarks.worker import Worker, WorkerError
from keras_attn import heap
from keras_attn.bench import MEMORY_ENVIRONMENT


class Plan(NamedTuple):
    """How every cell is measured.

    Attributes:
        variants: Which of `VARIANTS`.
        rounds: How often each variant has its turn.
        repetitions: Of every step in a turn, after one that is not timed.
        threads: How many an operation may use.
        memory: Whether peak memory is measured, which takes longer than the times.
    """

    variants: tuple[str, ...]
    rounds: int
    repetitions: int
    threads: int
    memory: bool = True


class Team:
    """The workers: one per variant for the times, and one for the memory.

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
            for variables in ({**shared, **heap.environment()}, {**shared, **MEMORY_ENVIRONMENT})
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
            if not self.plan.memory:
                continue
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
