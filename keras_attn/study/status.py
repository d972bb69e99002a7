"""How far a study is, read off its folder alone, while it runs or after."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from pathlib import Path
from statistics import mean
from typing import Any

from keras_attn.study.plan import TrialKey
from keras_attn.study.store import Store
from keras_attn.study.trial import Trial


@dataclass(frozen=True)
class Status:
    """How far a study is.

    Attributes:
        trials: How many it has.
        finished: How many were trained to their end.
        failed: What was the last line of the error, by trial.
        running: The trials that a process is at.
        seconds_left: How long the rest will take those who are at it now, from the times of what
            is finished; None while nothing is.
    """

    trials: int
    finished: int
    failed: dict[str, str]
    running: tuple[str, ...]
    seconds_left: float | None

    @property
    def waiting(self) -> int:
        """How many trials nobody has begun."""
        return self.trials - self.finished - len(self.failed) - len(self.running)

    def _end(self) -> str:
        """When it ends, by the clock."""
        end = datetime.now().astimezone() + timedelta(seconds=self.seconds_left or 0)
        return f"until {end:%d %B %Y, %H:%M}"

    def as_dict(self) -> dict[str, Any]:
        """What JSON can hold."""
        return {**asdict(self), "waiting": self.waiting}

    def __str__(self) -> str:
        lines = [
            f"{self.finished} of {self.trials} trials finished, {len(self.failed)} failed, "
            f"{len(self.running)} running, {self.waiting} waiting"
        ]
        lines += [f"  running: {name}" for name in self.running]
        lines += [f"  failed: {name}: {error}" for name, error in self.failed.items()]
        if self.finished < self.trials:
            ending = "unknown until a trial is finished"
            if self.seconds_left is not None:
                ending = f"about {duration(self.seconds_left)}, "
                ending += self._end() if self.running else "once the same command is given again"
            lines.append(f"  time left: {ending}")
        return "\n".join(lines)


def read_status(folder: Path) -> Status:
    """How far the study in a folder is.

    Args:
        folder: What `compare` was given as its output.

    Raises:
        ValueError: If there is no study in it.
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
        seconds_left=_seconds_left(left, finished, max(1, len(running))) if finished else None,
    )


def _seconds_left(left: list[TrialKey], finished: dict[TrialKey, Trial], workers: int) -> float:
    """The time of all that is left, from the trials that are most like it."""

    def expected(key: TrialKey) -> float:
        for part in (
            lambda each: (each.group, each.topology),
            lambda each: each.group,
            lambda _: 0,
        ):
            alike = [trial.seconds for each, trial in finished.items() if part(each) == part(key)]
            if alike:
                return mean(alike)
        return 0.0

    return sum(map(expected, left)) / workers


def duration(seconds: float) -> str:
    """A time in the units that people use."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 90 else f"{minutes // 60} h {minutes % 60} min"
