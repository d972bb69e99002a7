"""One bar over all trials of a comparison."""

from __future__ import annotations

from types import TracebackType

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from keras_attn.study.plan import Plan, TrialKey
from keras_attn.study.store import Store
from keras_attn.study.trial import Trial
from keras_attn.study.worker import Listener


class TrialProgress(Listener):
    """Shows on standard error how far the study is, and for how long it will go on.

    Args:
        plan: The study.
        store: Its folder.
        run: The name of the call.
        visible: Whether to show anything.
    """

    def __init__(self, plan: Plan, store: Store, run: str, visible: bool = True) -> None:
        self._epochs = plan.config.epochs
        self._store = store
        self._run = run
        self._left = [key for key in plan.grid.trials() if not store.is_settled(key, run)]
        self._total = len(plan.grid)
        self._label = ""
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
        done = self._total - len(self._left)
        self._task = self._bar.add_task("starting", total=self._total, completed=done)

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

    def look(self) -> None:
        """Counts what the store has, whoever ran it."""
        self._left = [key for key in self._left if not self._store.is_settled(key, self._run)]
        self._show(0.0, description="running")

    def begin(self, key: TrialKey) -> None:
        """A trial begins."""
        self._label = f"{key.topology}, seed {key.seed}"
        self.look()
        self.epoch(0)

    def epoch(self, number: int) -> None:
        """An epoch is over."""
        description = f"{self._label}, epoch {number}/{self._epochs}"
        self._show(number / self._epochs, description)

    def end(self, key: TrialKey, trial: Trial) -> None:
        """The trial is over, at whatever epoch."""
        self.look()

    def _show(self, part: float, description: str) -> None:
        done = self._total - len(self._left)
        self._bar.update(
            self._task, description=description, completed=min(done + part, self._total)
        )
