"""The folder of a study: one file per trial, and locks that are released when their holder exits.

    study.json              what the study is: its configuration, its grid, the command
    trials/                 one JSON file for every trial that ended, including failed ones
    weights/best/           for every group, the weights of the best trial so far
    predictions/            the predictions of every trial for the test images, and their labels
    weights/attention/      for every group, the weights of the best trial with attention so far
    locks/                  empty files; a process that runs a trial holds the lock of the trial

Every file is written as a whole or not at all. The operating system releases a lock when the
process that holds it ends, however it ends. A trial is therefore running exactly while its lock is
held, and a trial that was killed can be run again at once.
"""

from __future__ import annotations

import json
import math
import os
import platform
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
from filelock import FileLock, Timeout

from keras_attn.study.control import is_control
from keras_attn.study.files import (
    prepare_folder,
    remove_leftovers,
    replacing,
    standard,
    write_json,
)
from keras_attn.study.grid import Grid, Group, TrialKey
from keras_attn.study.locks import is_locked
from keras_attn.study.plan import Plan
from keras_attn.study.predictions import Predictions
from keras_attn.study.trial import Trial

FORMAT = 1

#: The folders of weights, by whether only trials with attention compete in them.
WEIGHTS = {False: "best", True: "attention"}


class Store:
    """The folder of a study.

    Args:
        folder: Its path.
        keeps_predictions: Whether the predictions of new trials are kept.
    """

    def __init__(self, folder: Path, keeps_predictions: bool = True) -> None:
        self.folder = folder
        self.keeps_predictions = keeps_predictions
        self.predictions = Predictions(folder)

    @classmethod
    def create(
        cls, folder: Path, plan: Plan, command: str, keeps_predictions: bool = True
    ) -> Store:
        """Opens the folder for a plan; trials of the plan that are already there are kept.

        Args:
            folder: The path, which is made if necessary.
            plan: The study.
            command: The command or call, for the report.
            keeps_predictions: Whether the predictions of the trials are kept.

        Raises:
            ValueError: If the folder holds trials that were trained with another configuration.
            NotADirectoryError: If the folder is a file.
            PermissionError: If no file can be written to it.
        """
        store = cls(prepare_folder(folder), keeps_predictions)
        for name in ("trials", "locks/trials", *(f"weights/{each}" for each in WEIGHTS.values())):
            prepare_folder(folder / name)
        with store._lock("study"):
            remove_leftovers(store._study_file)
            configuration = plan.configuration()
            if store._study_file.exists():
                configuration = store._continued(configuration)
            study = {
                "format": FORMAT,
                "configuration": configuration,
                "grid": asdict(plan.grid),
                "train_samples": [plan.train_samples(group) for group in plan.grid.groups],
                "image_sets": {name: plan.facts(name).as_dict() for name in plan.datasets},
                "keys": {text: plan.topology(text) for text in plan.grid.topologies},
                "notes": plan.notes,
                "command": command,
            }
            write_json(store._study_file, study)
            if keeps_predictions:
                seeds = plan.grid.seeds if plan.question.folds else [None]
                for group, seed in product(plan.grid.groups, seeds):
                    store.predictions.add_labels(group, plan.data(group, seed or 0), seed)
        return store

    @property
    def _study_file(self) -> Path:
        return self.folder / "study.json"

    @property
    def _trials(self) -> Path:
        return self.folder / "trials"

    def read(self) -> dict[str, Any]:
        """The content of `study.json`.

        Raises:
            ValueError: If the folder does not hold a study, or holds one of another version.
        """
        try:
            study = json.loads(self._study_file.read_text(encoding="utf-8"))
            known = study["format"] == FORMAT
        except FileNotFoundError:
            raise ValueError(
                f"{str(self.folder)!r} does not hold a study: there is no study.json in it. Name "
                "the folder that `keras-attn compare` was given as --output."
            ) from None
        except (ValueError, KeyError, TypeError, UnicodeDecodeError):
            known = False
        if not known:
            raise ValueError(
                f"{str(self._study_file)!r} is not what this version of keras-attn writes: it is "
                "damaged, or of another version. Name another folder, or move this one away."
            )
        return study

    def grid(self) -> Grid:
        """The trials of the study, as it was last started."""
        grid = self.read()["grid"]
        groups = tuple(Group(*group) for group in grid["groups"])
        return Grid(groups, tuple(grid["topologies"]), tuple(grid["seeds"]))

    def _continued(self, configuration: dict[str, Any]) -> dict[str, Any]:
        """The configuration, and the digests of other image sets that the folder has trials of.

        Raises:
            ValueError: If the trials in the folder were trained with another configuration.
        """
        stored = self.read()["configuration"]
        if not any(self._trials.glob("*.json")):
            return configuration
        images = {**stored["images"], **configuration["images"]}
        differing = [
            f"{name} was {stored.get(name, 'not recorded')!r} and is "
            f"{configuration.get(name, 'not recorded')!r}"
            for name in dict.fromkeys((*configuration, *stored))
            if name != "images" and stored.get(name) != configuration.get(name)
        ] + [
            f"the images of {name} are different"
            for name, digest in stored["images"].items()
            if images[name] != digest
        ]
        if differing:
            raise ValueError(
                f"{str(self.folder)!r} holds trials of a study with another configuration: "
                f"{'; '.join(differing)}. Trials that were trained differently cannot be "
                "compared. Name another folder with --output, or move this one away."
            )
        return {**configuration, "images": images}

    def trial(self, key: TrialKey) -> Trial | None:
        """The trial if it ended; None also if its file is damaged, so that it is run again."""
        record = self._record(key)
        return None if record is None else record[0]

    def is_settled(self, key: TrialKey, run: str) -> bool:
        """Whether a trial need not be run: it finished, or it failed during the same run."""
        record = self._record(key)
        return record is not None and (not record[0].error or record[1] == run)

    def _record(self, key: TrialKey) -> tuple[Trial, str] | None:
        """The trial, and the name of the run that it was part of."""
        try:
            values = json.loads((self._trials / f"{key.name}.json").read_text(encoding="utf-8"))
            if values["key"] != list(key):
                return None
            return Trial.from_dict(values["trial"]), values["run"]
        except (FileNotFoundError, ValueError, KeyError, TypeError, AttributeError):
            return None

    def add(self, key: TrialKey, trial: Trial, run: str) -> None:
        """Stores a trial, and its weights if it is the best of its group so far.

        Raises:
            OSError: If it cannot be written; the files of other trials are unchanged.
        """
        values = {
            "key": list(key),
            "run": run,
            "worker": f"{platform.node()}, process {os.getpid()}",
            "ended": time.time(),
            "trial": trial.as_dict(),
        }
        try:
            # The weights first: a process that is killed between the two runs the trial again.
            if trial.predictions is not None and self.keeps_predictions:
                self.predictions.add(key, trial.predictions)
            if trial.best is not None:
                self._offer(key.group, trial, attended=False)
                if not is_control(trial.topology):
                    self._offer(key.group, trial, attended=True)
            write_json(self._trials / f"{key.name}.json", values)
        except OSError as error:
            raise OSError(
                f"The trial {key} ended, but could not be written to {str(self.folder)!r} "
                f"({error.strerror or error}). All trials that ended before are kept: make room, "
                "and give the same command again."
            ) from error

    def _offer(self, group: Group, trial: Trial, attended: bool) -> None:
        """Replaces the stored weights of a group if the trial is better than theirs."""
        path = self._weights_file(group, attended)
        with self._lock(f"weights-{WEIGHTS[attended]}-{group.name}"):
            remove_leftovers(path)
            stored = self._preference(path)
            if stored is None or list(trial.preference) < stored:
                arrays = {f"weight{i:05}": weight for i, weight in enumerate(trial.weights)}
                arrays["preference"] = np.array(json.dumps(standard(trial.preference)))
                with replacing(path) as temporary:
                    np.savez(temporary, allow_pickle=False, **arrays)

    def _weights_file(self, group: Group, attended: bool) -> Path:
        return self.folder / "weights" / WEIGHTS[attended] / f"{group.name}.npz"

    @staticmethod
    def _preference(path: Path) -> list[Any] | None:
        """The sort key of the trial that stored weights belong to; None if there are none."""
        try:
            with np.load(path) as arrays:
                values = json.loads(str(arrays["preference"]))
        except (OSError, ValueError, KeyError):
            return None
        return [math.inf if value is None else value for value in values]

    def weights_of(self, group: Group, trial: Trial | None) -> list[np.ndarray]:
        """The weights of the best trial of a group, in the order of the model.

        Args:
            group: The image set and training size.
            trial: The best trial, or the best with attention.

        Returns:
            The weights; an empty list for any other trial, or if the file was deleted.
        """
        if trial is None:
            return []
        for attended in WEIGHTS:
            path = self._weights_file(group, attended)
            if self._preference(path) == list(trial.preference):
                with np.load(path) as arrays:
                    return [arrays[name] for name in sorted(set(arrays.files) - {"preference"})]
        return []

    @contextmanager
    def claim(self, key: TrialKey, wait: bool) -> Iterator[bool]:
        """Holds the lock of a trial.

        Args:
            key: The trial.
            wait: Whether to wait if another process holds the lock.

        Yields:
            Whether this process holds the lock.
        """
        try:
            lock = self._lock(f"trials/{key.name}", timeout=-1 if wait else 0)
            lock.acquire(poll_interval=0.2)
        except Timeout:
            yield False
            return
        try:
            remove_leftovers(self._trials / f"{key.name}.json")
            yield True
        finally:
            lock.release()

    def is_running(self, key: TrialKey) -> bool:
        """Whether a process holds the lock of a trial; nothing is written to find out."""
        return is_locked(self._lock_file(f"trials/{key.name}"))

    def _lock(self, name: str, timeout: float = -1) -> FileLock:
        return FileLock(self._lock_file(name), timeout=timeout)

    def _lock_file(self, name: str) -> Path:
        return self.folder / "locks" / f"{name}.lock"
