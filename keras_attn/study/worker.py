"""What every process of a study does: take a trial that nobody has, run it, keep it, go on.

Workers know nothing of each other but the locks and files of the store. So it does not matter how
many there are, on which machines, who started them, or when one of them is killed.
"""

from __future__ import annotations

import traceback
from collections.abc import Callable, Sequence

from keras_attn.study.plan import Plan, TrialKey
from keras_attn.study.store import Store
from keras_attn.study.trial import Trainer, Trial


class Listener:
    """Hears what workers do; this one does nothing about it."""

    def look(self) -> None:
        """Workers elsewhere may have ended trials."""

    def begin(self, key: TrialKey) -> None:
        """A trial begins."""

    def epoch(self, number: int) -> None:
        """An epoch of it is over."""

    def end(self, key: TrialKey, trial: Trial) -> None:
        """The trial was kept."""


def work(
    plan: Plan, store: Store, run: str, start: int = 0, listener: Listener | None = None
) -> None:
    """Runs what no other process has run or is running, until every trial has ended.

    Trials that differ in the seed alone share a compiled network. What others are running is
    waited for at the end, and run here if they were killed.

    Args:
        plan: The study.
        store: Its folder.
        run: Names the call that this worker belongs to. A trial that failed in an earlier run is
            tried again, one that failed in this run is not.
        start: At which of the conditions to begin, so that workers do not all begin at the first.
        listener: Told of every trial and epoch.

    Raises:
        OSError: If a trial cannot be written.
    """
    listener = listener or Listener()
    conditions = plan.grid.conditions
    start %= len(conditions)
    for wait in (False, True):
        for group, topology in conditions[start:] + conditions[:start]:
            trainer = None
            for key in [TrialKey(*group, topology, seed) for seed in plan.grid.seeds]:
                if store.is_settled(key, run):
                    continue
                with store.claim(key, wait) as claimed:
                    if not claimed or store.is_settled(key, run):
                        continue
                    trainer = trainer or Trainer(
                        plan.data(group), topology, plan.backbone, plan.config
                    )
                    listener.begin(key)
                    trial = _run(trainer, key, listener.epoch)
                    store.add(key, trial, run)
                    listener.end(key, trial)
                    if trial.error:
                        trainer = None  # what a failure left behind is nothing to go on with


def _run(trainer: Trainer, key: TrialKey, on_epoch: Callable[[int], None]) -> Trial:
    """The trial, or the record of its failure."""
    try:
        return trainer.run(key.seed, on_epoch)
    except Exception as error:
        frames: Sequence[str] = traceback.format_exception(error)
        return Trial(key.topology, key.seed, error="".join(frames))
