"""Workers on this machine: one in this process, or several in separate processes."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cloudpickle
import keras

from keras_attn import heap
from keras_attn.study.plan import Plan
from keras_attn.study.store import Store
from keras_attn.study.worker import Listener, work

#: Seconds between two looks at the store while workers run.
LOOK_EVERY = 0.5

#: How many of the last lines of a failed worker's output an error shows.
SHOWN = 15


def run_local(plan: Plan, store: Store, run: str, jobs: int, listener: Listener) -> None:
    """Runs a study on this machine.

    Args:
        plan: The study.
        store: Its folder.
        run: The name of this call.
        jobs: How many processes; one is this process, several share the processors evenly.
        listener: Is told what this process does, or to look at the store if there are several.

    Raises:
        RuntimeError: If workers ended before the study was done.
        OSError: If a trial cannot be written.
    """
    if jobs == 1:
        work(plan, store, run, listener=listener)
    else:
        run_processes(plan, store, run, jobs, listener.look)


def run_processes(
    plan: Plan, store: Store, run: str, jobs: int, on_look: Callable[[], Any]
) -> None:
    """Runs a study in separate processes, and waits for them.

    Args:
        plan: The study.
        store: Its folder.
        run: The name of this call.
        jobs: How many processes.
        on_look: Called repeatedly while they run.

    Raises:
        RuntimeError: If workers ended before the study was done.
    """
    with tempfile.TemporaryDirectory() as folder:
        task = Path(folder) / "plan.pickle"
        # Unlike pickle, it also writes functions that only this process has, as in notebooks.
        task.write_bytes(cloudpickle.dumps((plan, store, run)))
        count = len(plan.grid.conditions)
        logs = [Path(folder) / f"{number}.log" for number in range(jobs)]
        workers = [
            _start(task, number * count // jobs, jobs, log) for number, log in enumerate(logs)
        ]
        try:
            while any(worker.poll() is None for worker in workers):
                on_look()
                time.sleep(LOOK_EVERY)
        finally:
            for worker in workers:
                worker.kill()
                worker.communicate()
        on_look()
        left = sum(not store.is_settled(key, run) for key in plan.grid.trials())
        if left:
            endings = [
                f"{_ending(worker.returncode)}\n{_last_lines(log)}"
                for worker, log in zip(workers, logs, strict=True)
                if worker.returncode
            ]
            raise RuntimeError(
                f"{left} of {len(plan.grid)} trials were not run, because their workers ended. "
                "The finished trials are kept, and the same command runs the rest; with fewer "
                f"--jobs it needs less memory. The workers:\n{chr(10).join(endings)}"
            )


def _start(task: Path, start: int, jobs: int, log: Path) -> subprocess.Popen:
    """Starts a worker, which ends with this process because its standard input is a pipe to it."""
    threads = str(max(1, processors() // jobs))
    limits = ("OMP_NUM_THREADS", "TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS")
    environment = {
        **dict.fromkeys(limits, threads),
        **heap.environment(),
        **os.environ,
        "KERAS_BACKEND": keras.backend.backend(),
    }
    with log.open("wb") as output:
        return subprocess.Popen(
            [sys.executable, "-m", "keras_attn.study.engines.process", str(task), str(start)],
            stdin=subprocess.PIPE,
            stdout=output,
            stderr=output,
            env=environment,
        )


def processors() -> int:
    """The number of processors that this process may use."""
    if hasattr(os, "sched_getaffinity"):  # on some systems only
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _ending(status: int) -> str:
    return f"killed by signal {-status}" if status < 0 else f"exit status {status}"


def _last_lines(log: Path) -> str:
    lines = log.read_text(encoding="utf-8", errors="replace").splitlines()
    return "\n".join(f"  {line}" for line in lines[-SHOWN:])
