"""Processes that time one variant each, and answer one at a time.

A process has one backend, so every variant has a process of its own. It is kept alive and asked
over pipes, with one line of JSON per request and one per answer, so that the variants take turns
while only one of them works.
"""

from __future__ import annotations

import gc
import json
import os
import select
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

#: Variant -> the backend of its process. "published" is the published form in PyTorch.
VARIANTS = {
    "jax": "jax",
    "tensorflow": "tensorflow",
    "tensorflow without XLA": "tensorflow",
    "torch eager": "torch",
    "torch compiled": "torch",
    "published eager": "torch",
    "published compiled": "torch",
}

#: What PyTorch, TensorFlow and JAX read how many threads to use from.
THREAD_COUNTS = (
    "OMP_NUM_THREADS",
    "MKL_NUM_THREADS",
    "TF_NUM_INTRAOP_THREADS",
    "TF_NUM_INTEROP_THREADS",
    "NPROC",
)

#: The longest time that an answer is waited for, in seconds.
PATIENCE = 900


class WorkerError(Exception):
    """What a worker could not do, in one line."""


class Worker:
    """A process for one variant, started when it is first asked.

    Args:
        variant: One of `VARIANTS`.
        threads: How many threads an operation may use, the same on all backends.
        environment: Further variables.
    """

    def __init__(self, variant: str, threads: int, environment: Mapping[str, str]) -> None:
        self.variant = variant
        count = dict.fromkeys(THREAD_COUNTS, str(threads))
        backend = {"KERAS_BACKEND": VARIANTS[variant], "TF_CPP_MIN_LOG_LEVEL": "3"}
        self._environment = {**os.environ, **count, **backend, **environment}
        self._process: subprocess.Popen | None = None

    @property
    def pid(self) -> int | None:
        """The process's number, if it is running."""
        return None if self._process is None else self._process.pid

    def ask(self, task: str, **arguments: Any) -> Any:
        """The answer to a request.

        Args:
            task: A method of `Service`.
            **arguments: Its arguments.

        Raises:
            WorkerError: If it cannot be done, takes too long, or the process dies. A new process
                answers the next request.
        """
        if self._process is None:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "benchmarks.worker", self.variant],
                env=self._environment,
                cwd=Path(__file__).parents[1],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
                bufsize=1,
            )
        process = self._process
        try:
            process.stdin.write(json.dumps({"task": task, **arguments}) + "\n")
            ready, _, _ = select.select([process.stdout], [], [], PATIENCE)
            line = process.stdout.readline() if ready else ""
        except BrokenPipeError:
            line = ""
        if not line:
            late = process.poll() is None
            self.close()
            reason = f"no answer in {PATIENCE} s" if late else f"status {process.returncode}"
            raise WorkerError(f"the process ended: {reason}")
        answer = json.loads(line)
        if "error" in answer:
            raise WorkerError(answer["error"])
        return answer["result"]

    def close(self) -> None:
        """Ends the process."""
        if self._process is not None:
            self._process.kill()
            self._process.communicate()
            self._process = None


class Service:
    """The process's side: each method is a request.

    Args:
        variant: One of `VARIANTS`.
    """

    def __init__(self, variant: str) -> None:
        self.variant = variant
        self.steps: dict[str, Any] = {}

    def prepare(self, kind: str, key: str, shape: list[int]) -> dict[str, Any]:
        """Builds a function of `subjects`, and runs each of its steps for the first time."""
        from benchmarks import subjects
        from keras_attn.bench import seconds

        self.forget()
        self.steps, parameters = getattr(subjects, kind)(self.variant, key, shape)
        first_call = {name: seconds(step) for name, step in self.steps.items()}
        return {"first_call": first_call, "parameters": parameters}

    def measure(self, repetitions: int) -> dict[str, list[float]]:
        """Milliseconds of every repetition of every step."""
        from keras_attn.bench import interleaved_times

        return interleaved_times(self.steps, repetitions)

    def memory(self) -> int | None:
        """Peak memory of the training step in bytes."""
        from keras_attn.bench import peak_memory

        return peak_memory(self.steps["training"])

    def forget(self) -> None:
        """Drops what is compiled: the next subject starts as in a new process."""
        import keras

        self.steps = {}
        keras.backend.clear_session()
        if VARIANTS[self.variant] == "torch":
            import torch

            torch.compiler.reset()
        elif VARIANTS[self.variant] == "jax":
            import jax

            jax.clear_caches()
        gc.collect()


def serve(variant: str) -> None:
    """Answers requests from standard input until it ends."""
    # Answers go where standard output went; what backends print goes to standard error.
    answers = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)
    service = Service(variant)
    for line in sys.stdin:
        request = json.loads(line)
        try:
            answer = {"result": getattr(service, request.pop("task"))(**request)}
        except Exception as error:
            message = str(error).partition("\n")[0][:200]
            answer = {"error": f"{type(error).__name__}: {message}"}
        answers.write(json.dumps(answer) + "\n")


if __name__ == "__main__":
    serve(sys.argv[1])
