"""One bar over all trials of a comparison."""

from __future__ import annotations

from types import TracebackType

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn


class TrialProgress:
    """Shows on standard error which trial is at which epoch, and for how long it will go on.

    Args:
        trials: How many there will be.
        epochs: Of each.
        visible: Whether to show anything.
    """

    def __init__(self, trials: int, epochs: int, visible: bool = True) -> None:
        self.trials = trials
        self.epochs = epochs
        self._bar = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("trials,"),
            TimeRemainingColumn(),
            TextColumn("left"),
            console=Console(stderr=True),
            disable=not visible,
        )
        self._task = self._bar.add_task("starting", total=trials)
        self._finished = 0
        self._label = ""

    def __enter__(self) -> TrialProgress:
        self._bar.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._bar.stop()

    def begin(self, topology: str, seed: int) -> None:
        """A trial begins."""
        self._label = f"{topology}, seed {seed}"
        self.epoch(0)

    def epoch(self, number: int) -> None:
        """An epoch is over."""
        self._bar.update(
            self._task,
            description=f"{self._label}, epoch {number}/{self.epochs}",
            completed=self._finished + number / self.epochs,
        )

    def end(self) -> None:
        """The trial is over, at whatever epoch."""
        self._finished += 1
        self._bar.update(self._task, completed=self._finished)
