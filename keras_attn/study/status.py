"""How far a study is, read from its folder alone, while it runs or afterwards."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from keras_attn.study.forecast import condition_of, duration, seconds_left
from keras_attn.study.store import Store


@dataclass(frozen=True)
class Status:
    """How far a study is.

    Attributes:
        trials: Number of trials.
        finished: Number of trials that were trained to their end.
        failed: The last line of the error of each failed trial.
        running: The trials that a process is running.
        seconds_left: How long the rest takes with the processes that are running, from the times
            of the finished trials; None before the first has finished.
    """

    trials: int
    finished: int
    failed: dict[str, str]
    running: tuple[str, ...]
    seconds_left: float | None

    @property
    def waiting(self) -> int:
        """Number of trials that no process has started."""
        return self.trials - self.finished - len(self.failed) - len(self.running)

    def _end(self) -> str:
        """When the study ends."""
        end = datetime.now().astimezone() + timedelta(seconds=self.seconds_left or 0)
        return f"until {end:%d %B %Y, %H:%M}"

    def as_dict(self) -> dict[str, Any]:
        """Everything, as values for JSON."""
        return {**asdict(self), "waiting": self.waiting}

    def __str__(self) -> str:
        lines = [
            f"{self.finished} of {self.trials} trials finished, {len(self.failed)} failed, "
            f"{len(self.running)} running, {self.waiting} waiting"
        ]
        lines += [f"  running: {name}" for name in self.running]
        lines += [f"  failed: {name}: {error}" for name, error in self.failed.items()]
        if self.finished < self.trials:
            ending = "unknown until a trial has finished"
            if self.seconds_left is not None:
                ending = f"about {duration(self.seconds_left)}, "
                ending += self._end() if self.running else "once the same command is given again"
            lines.append(f"  time left: {ending}")
        return "\n".join(lines)


def read_status(folder: Path) -> Status:
    """Reads how far the study in a folder is; nothing in the folder is changed.

    Args:
        folder: The `output` of `compare`.

    Raises:
        ValueError: If the folder does not hold a study.
    """
    store = Store(folder)
    keys = list(store.grid().trials())
    trials = {key: trial for key in keys if (trial := store.trial(key)) is not None}
    finished = {key: trial for key, trial in trials.items() if not trial.error}
    running = [key for key in keys if key not in finished and store.is_running(key)]
    failed = {
        str(key): trial.reason
        for key, trial in trials.items()
        if trial.error and key not in running
    }
    left = [key for key in keys if key not in finished and str(key) not in failed]
    return Status(
        trials=len(keys),
        finished=len(finished),
        failed=failed,
        running=tuple(map(str, running)),
        seconds_left=seconds_left(
            left, finished, max(1, len(running)), {condition_of(key) for key in running}
        ),
    )
