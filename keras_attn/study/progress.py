"""The progress of a study: a bar in terminals and notebooks, one line per trial elsewhere."""

from __future__ import annotations

import time
from types import TracebackType

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, ProgressColumn, Task, TextColumn
from rich.text import Text

from keras_attn.study.forecast import Condition, condition_of, duration, seconds_left
from keras_attn.study.grid import TrialKey
from keras_attn.study.plan import Plan
from keras_attn.study.store import Store
from keras_attn.study.trial import Trial
from keras_attn.study.worker import Listener
from keras_attn.tasks.metrics import METRICS


class TrialProgress(Listener):
    """Shows on standard error how far a study is and how long it still takes.

    Args:
        plan: The study.
        store: Its folder.
        run: The name of this call.
        visible: Whether to show anything.
        workers: How many trials run at the same time.
        console: Where to show it; standard error if None.
    """

    def __init__(
        self,
        plan: Plan,
        store: Store,
        run: str,
        visible: bool = True,
        workers: int = 1,
        console: Console | None = None,
    ) -> None:
        self._epochs = plan.config.epochs
        self._store = store
        self._run = run
        self._workers = workers
        self._visible = visible
        self._total = len(plan.grid)
        self._headline = plan.question.headline
        self._left: list[TrialKey] = []
        self._finished: dict[TrialKey, Trial] = {}
        self._compiled: set[Condition] = set()
        for key in plan.grid.trials():
            if store.is_settled(key, run):
                self._count(key)
            else:
                self._left.append(key)
        self._current: _Current | None = None
        self._console = console or Console(stderr=True)
        self._is_interactive = self._console.is_terminal or self._console.is_jupyter
        self._bar = Progress(
            TextColumn("{task.description}", markup=False),
            BarColumn(bar_width=24),  # so that a line fits in a cell of a notebook
            MofNCompleteColumn(),
            TextColumn("trials"),
            _TimeLeft(self),
            console=self._console,
            disable=not (visible and self._is_interactive),
        )
        self._task = self._bar.add_task("starting", total=self._total, completed=self._done)

    @property
    def _done(self) -> int:
        return self._total - len(self._left)

    def __enter__(self) -> TrialProgress:
        self._bar.start()
        if self._done:
            self._line(f"{self._done} of {self._total} trials are stored already")
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._current = None
        self._show("interrupted" if kind else "finished")
        self._bar.stop()

    def look(self) -> None:
        """Counts the trials in the store, whichever process ran them."""
        ended = [key for key in self._left if self._store.is_settled(key, self._run)]
        for key in ended:
            self._left.remove(key)
            self._line(self._sentence(key, self._count(key)))
        if self._current is None:
            self._show("running")

    def begin(self, key: TrialKey) -> None:
        """Shows that a trial begins."""
        self.look()
        self._current = _Current(key, self._epochs)
        self._show(self._current.label)

    def epoch(self, number: int) -> None:
        """Shows that an epoch of the current trial has ended."""
        if self._current is not None:
            self._current.times.append(time.perf_counter())
            self._show(self._current.label)

    def end(self, key: TrialKey, trial: Trial) -> None:
        """Shows that the current trial has ended, at whichever epoch."""
        self._current = None
        self._compiled.add(condition_of(key))
        self.look()

    def time_left(self) -> str:
        """The time until the study ends, in words; empty if no trial is left."""
        if not self._left:
            return ""
        seconds = self.seconds_left()
        if seconds is None:
            return "estimating the time left"
        return f"about {duration(seconds)} left" if seconds >= 1 else "finishing"

    def seconds_left(self) -> float | None:
        """The time until the study ends; None as long as nothing indicates it."""
        current, known = self._current, self._finished
        if current is None:
            return seconds_left(self._left, known, self._workers)
        if not known and (estimate := current.estimate()) is not None:
            known = {current.key: estimate}
        condition = condition_of(current.key)
        total = seconds_left(self._left, known, self._workers, self._compiled)
        rest = seconds_left(
            [key for key in self._left if key != current.key],
            known,
            self._workers,
            {*self._compiled, condition},
        )
        return None if total is None or rest is None else max(rest, total - current.elapsed)

    def _count(self, key: TrialKey) -> Trial | None:
        """Keeps the times of a trial that has ended."""
        trial = self._store.trial(key)
        if trial is not None and not trial.error:
            self._finished[key] = trial
        return trial

    def _sentence(self, key: TrialKey, trial: Trial | None) -> str:
        """A line about a trial that has ended."""
        if trial is None or trial.error:
            outcome = f"failed: {trial.reason if trial else 'its file is damaged'}"
        elif trial.diverged:
            outcome = f"diverged, {duration(trial.seconds)}"
        else:
            headline = self._headline
            score = f"{METRICS[headline].title} {trial.scores.get(headline, float('nan')):.3f}"
            outcome = f"{score}, {duration(trial.seconds)}"
        left = self.time_left()
        ending = f"; {left}" if left else ""
        return f"trial {self._done} of {self._total}: {key}: {outcome}{ending}"

    def _line(self, text: str) -> None:
        if self._visible and not self._is_interactive:
            self._console.print(text, markup=False, highlight=False, soft_wrap=True)

    def _show(self, description: str) -> None:
        part = self._current.part if self._current else 0.0
        self._bar.update(
            self._task, description=description, completed=min(self._done + part, self._total)
        )


class _Current:
    """The trial that this process is running.

    Args:
        key: The trial.
        epochs: How many epochs it has.
    """

    def __init__(self, key: TrialKey, epochs: int) -> None:
        self.key = key
        self.epochs = epochs
        self.started = time.perf_counter()
        self.times: list[float] = []

    @property
    def label(self) -> str:
        return f"{self.key.topology}, seed {self.key.seed}, epoch {len(self.times)}/{self.epochs}"

    @property
    def part(self) -> float:
        """The part of the epochs that has ended."""
        return len(self.times) / self.epochs

    @property
    def elapsed(self) -> float:
        """Seconds since the trial began."""
        return time.perf_counter() - self.started

    def estimate(self) -> Trial | None:
        """The times of this trial as they will probably be; None before its second epoch."""
        if len(self.times) < 2:
            return None
        epoch = (self.times[-1] - self.times[0]) / (len(self.times) - 1)
        preparation = max(0.0, self.times[0] - self.started - epoch)
        total = preparation + self.epochs * epoch
        return Trial(self.key.topology, self.key.seed, seconds=total, preparation=preparation)


class _TimeLeft(ProgressColumn):
    """The time left, computed anew whenever the bar is drawn."""

    def __init__(self, progress: TrialProgress) -> None:
        super().__init__()
        self.progress = progress

    def render(self, task: Task) -> Text:
        """The text of the column."""
        return Text(self.progress.time_left())
