"""How long steps take."""

from __future__ import annotations

import time

from keras_attn.bench.steps import Step

#: Runs of each step before any is timed: allocators and thread pools settle.
WARM_UP = 2


def seconds(step: Step) -> float:
    """How long a step takes."""
    begin = time.perf_counter()
    results = step()
    duration = time.perf_counter() - begin
    del results  # memory is given back after the clock has stopped
    return duration


def interleaved_times(
    steps: dict[str, Step], repeats: int, warm_up: int = 1
) -> dict[str, list[float]]:
    """Milliseconds of every repetition of every step, the steps taking turns."""
    for _ in range(warm_up):
        for step in steps.values():
            step()
    times: dict[str, list[float]] = {name: [] for name in steps}
    for _ in range(repeats):
        for name, step in steps.items():
            times[name].append(1e3 * seconds(step))
    return times
