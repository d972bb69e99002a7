"""What every process of a study does: claim a trial that no other has, run it, and store it.

Workers communicate only through the locks and files of the store. It therefore does not matter how
many there are, on which machines they are, who started them, or when one of them is killed.
"""

from __future__ import annotations

import traceback
from collections.abc import Callable

from keras_attn.heap import keep_memory
from keras_attn.study.grid import TrialKey
from keras_attn.study.plan import Plan
from keras_attn.study.store import Store
from keras_attn.study.trainer import Trainer
from keras_attn.study.trial import Trial


class Listener:
    """Is told what workers do; this one ignores it."""

    def look(self) -> None:
        """Other processes may have ended trials."""

    def begin(self, key: TrialKey) -> None:
        """A trial begins."""

    def epoch(self, number: int) -> None:
        """An epoch of the trial has ended."""

    def end(self, key: TrialKey, trial: Trial) -> None:
        """The trial was stored."""


def work(
    plan: Plan, store: Store, run: str, start: int = 0, listener: Listener | None = None
) -> None:
    """Runs all trials that no other process runs or has run, until every trial has ended.

    Trials that differ only in the seed share a compiled network. Trials that other processes are
    running are waited for at the end, and run here if those processes were killed. This process
    keeps the memory of its largest step from then on: see `keras_attn.heap`.

    Args:
        plan: The study.
        store: Its folder.
        run: The name of the call that this worker belongs to. A trial that failed in an earlier
            run is run again; one that failed in this run is not.
        start: The condition to begin with, so that workers do not all begin with the first.
        listener: Is told of every trial and epoch.

    Raises:
        OSError: If a trial cannot be written.
    """
    keep_memory()
    listener = listener or Listener()
    conditions = plan.grid.conditions
    start %= len(conditions)
    for wait in (False, True):
        for group, topology in conditions[start:] + conditions[:start]:
            trainer, images = None, None
            for key in [TrialKey(*group, topology, seed) for seed in plan.grid.seeds]:
                if store.is_settled(key, run):
                    continue
                with store.claim(key, wait) as claimed:
                    if not claimed or store.is_settled(key, run):
                        continue
                    if trainer is None or images is not plan.data(group, key.seed):
                        images = plan.data(group, key.seed)
                        variant = plan.variant(topology)
                        trainer = Trainer(images, variant, plan.network, plan.config)
                    listener.begin(key)
                    trial = _run(trainer, key, listener.epoch)
                    store.add(key, trial, run)
                    listener.end(key, trial)
                    if trial.error:
                        trainer = None  # a failure can leave the trainer in any state


def _run(trainer: Trainer, key: TrialKey, on_epoch: Callable[[int], None]) -> Trial:
    """The trial, or a record of its failure."""
    try:
        return trainer.run(key.seed, on_epoch)
    except Exception as error:
        return Trial(key.topology, key.seed, error="".join(traceback.format_exception(error)))
