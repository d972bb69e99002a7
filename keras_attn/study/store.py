"""A study's folder: a file a trial, written whole or not at all, and locks that end with holders.

    study.json        what the study is: its configuration, its grid, what was called
    trials/           a JSON file for every trial that ended, failed ones among them
    weights/          for every group, the weights of the best trial so far
    locks/            empty files; whoever runs a trial holds its lock

The system takes a lock back when the process that holds it ends, however it ends. So a trial is
running exactly while its lock is held, and what was killed can be run again at once.
"""

from __future__ import annotations

import json
import os
import platform
import re
import tempfile
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
from filelock import FileLock, Timeout

from keras_attn.study.control import is_control
from keras_attn.study.plan import Grid, Group, Plan, TrialKey
from keras_attn.study.trial import Trial

FORMAT = 1

#: Ends the name of the weights that are the best of those with attention.
ATTENDED = "attention"


class Store:
    """The folder of a study.

    Args:
        folder: Where it is.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @classmethod
    def create(cls, folder: Path, plan: Plan, command: str) -> Store:
        """Opens the folder for a plan; what is already there of it counts.

        Args:
            folder: It is made if need be.
            plan: The study.
            command: What was called, to be repeated.

        Raises:
            ValueError: If the folder holds trials that were trained in another way.
            NotADirectoryError: If a file lies where the folder should be.
            PermissionError: If nothing can be written to it.
        """
        store = cls(prepare_folder(folder))
        for name in ("trials", "weights", "locks"):
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
                "train_samples": [len(plan.data(group).train.images) for group in plan.grid.groups],
                "command": command,
            }
            write_json(store._study_file, study)
        return store

    @property
    def _study_file(self) -> Path:
        return self.folder / "study.json"

    def read(self) -> dict[str, Any]:
        """What `study.json` says.

        Raises:
            ValueError: If the folder holds no study, or one of another version.
        """
        try:
            study = json.loads(self._study_file.read_text(encoding="utf-8"))
            known = study["format"] == FORMAT
        except FileNotFoundError:
            raise ValueError(
                f"{str(self.folder)!r} holds no study: there is no study.json in it. Name the "
                "folder that `keras-attn compare` was given as --output."
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
        """Which trials the study has, as it was last called."""
        grid = self.read()["grid"]
        groups = tuple(Group(*group) for group in grid["groups"])
        return Grid(groups, tuple(grid["topologies"]), tuple(grid["seeds"]))

    def _continued(self, configuration: dict[str, Any]) -> dict[str, Any]:
        """The configuration with what the folder knows of other image sets.

        Raises:
            ValueError: If it differs from that of the trials that are there.
        """
        there = self.read()["configuration"]
        if not any(self._trials.glob("*.json")):
            return configuration
        images = {**there["images"], **configuration["images"]}
        differing = [
            f"{name} was {there.get(name)!r} and is {value!r}"
            for name, value in configuration.items()
            if name != "images" and there.get(name) != value
        ] + [
            f"the images of {name} are others"
            for name, digest in there["images"].items()
            if images[name] != digest
        ]
        if differing:
            raise ValueError(
                f"{str(self.folder)!r} holds trials of a study with another configuration: "
                f"{'; '.join(differing)}. Trials that were trained differently cannot be "
                "compared. Name another folder with --output, or move this one away."
            )
        return {**configuration, "images": images}

    @property
    def _trials(self) -> Path:
        return self.folder / "trials"

    def trial(self, key: TrialKey) -> Trial | None:
        """The trial, if it ended; None also if its file is damaged, so that it is run again."""
        record = self._record(key)
        return None if record is None else record[0]

    def is_settled(self, key: TrialKey, run: str) -> bool:
        """Whether there is nothing left to do: the trial ended, or failed in the same run."""
        record = self._record(key)
        return record is not None and (not record[0].error or record[1] == run)

    def _record(self, key: TrialKey) -> tuple[Trial, str] | None:
        """The trial, and the run that it was in."""
        try:
            values = json.loads((self._trials / f"{key.name}.json").read_text(encoding="utf-8"))
            if values["key"] != list(key):
                return None
            return Trial.from_dict(values["trial"]), values["run"]
        except (FileNotFoundError, ValueError, KeyError, TypeError, UnicodeDecodeError):
            return None

    def add(self, key: TrialKey, trial: Trial, run: str) -> None:
        """Keeps a trial, and its weights if no other of its group is better.

        Raises:
            OSError: If it cannot be written; the files of other trials are as they were.
        """
        values = {
            "key": list(key),
            "run": run,
            "worker": f"{platform.node()}, process {os.getpid()}",
            "ended": time.time(),
            "trial": trial.as_dict(),
        }
        try:
            # The weights first: what is killed between the two is run again, and finds them.
            if trial.best is not None:
                self._offer(key.group.name, trial)
                if not is_control(trial.topology):
                    self._offer(f"{key.group.name}-{ATTENDED}", trial)
            write_json(self._trials / f"{key.name}.json", values)
        except OSError as error:
            raise OSError(
                f"The trial {key} ended, but could not be written to {str(self.folder)!r} "
                f"({error.strerror or error}). All that ended before it is kept: make room, and "
                "give the same command again."
            ) from error

    def _offer(self, name: str, trial: Trial) -> None:
        """Takes the place of the weights of that name if the trial is better than theirs."""
        path = self.folder / "weights" / f"{name}.npz"
        with self._lock(f"weights-{name}"):
            remove_leftovers(path)
            there = self._preference(path)
            if there is None or list(trial.preference) < there:
                arrays = {f"weight{i:05}": weight for i, weight in enumerate(trial.weights)}
                arrays["preference"] = np.array(json.dumps(trial.preference))
                with replacing(path) as temporary:
                    np.savez(temporary, allow_pickle=False, **arrays)

    @staticmethod
    def _preference(path: Path) -> list[Any] | None:
        try:
            with np.load(path) as arrays:
                return json.loads(str(arrays["preference"]))
        except (OSError, ValueError, KeyError):
            return None

    def weights_of(self, group: Group, trial: Trial | None) -> list[np.ndarray]:
        """Those of a group's best trial, or of its best with attention, in the order of the model.

        Empty for any other trial, and if the file is gone.
        """
        if trial is None:
            return []
        for name in (group.name, f"{group.name}-{ATTENDED}"):
            path = self.folder / "weights" / f"{name}.npz"
            if self._preference(path) == list(trial.preference):
                with np.load(path) as arrays:
                    return [arrays[name] for name in sorted(set(arrays.files) - {"preference"})]
        return []

    @contextmanager
    def claim(self, key: TrialKey, wait: bool) -> Iterator[bool]:
        """Holds the lock of a trial.

        Args:
            key: The trial.
            wait: Whether to wait if another process holds it.

        Yields:
            Whether it is held.
        """
        try:
            lock = self._lock(key.name, timeout=-1 if wait else 0)
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
        """Whether some process holds the lock of a trial."""
        if not (self.folder / "locks" / f"{key.name}.lock").exists():
            return False
        with self.claim(key, wait=False) as claimed:
            return not claimed

    def _lock(self, name: str, timeout: float = -1) -> FileLock:
        return FileLock(self.folder / "locks" / f"{name}.lock", timeout=timeout)


def write_json(path: Path, value: Any) -> None:
    """Writes a value as JSON, whole or not at all."""
    with replacing(path) as temporary:
        temporary.write_text(json.dumps(value) + "\n", encoding="utf-8")


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """A name to write to, which takes the place of `path` once everything is written.

    If writing fails, what was at `path` stays, and what was written is removed. The name has
    the suffix of `path`, since writers go by it, and lies in the same folder, since only there
    a file can take another's place at once.
    """
    temporary = path.with_name(f".{path.stem}.{uuid.uuid4().hex}{path.suffix}")
    try:
        yield temporary
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def remove_leftovers(path: Path) -> None:
    """Removes what processes left that were killed while they replaced `path`.

    To be called while nobody else can be writing to it.
    """
    pattern = re.compile(rf"\.{re.escape(path.stem)}\.[0-9a-f]{{32}}{re.escape(path.suffix)}")
    for leftover in path.parent.iterdir():
        if pattern.fullmatch(leftover.name):
            leftover.unlink(missing_ok=True)


def prepare_folder(folder: str | os.PathLike[str]) -> Path:
    """Makes a folder if need be, and finds out whether files can be written to it.

    Raises:
        NotADirectoryError: If a file lies where the folder, or one above it, should be.
        PermissionError: If nothing can be written to it.
    """
    path = Path(folder).expanduser()
    try:
        path.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=path):
            pass
    except (FileExistsError, NotADirectoryError):
        raise NotADirectoryError(
            f"The output {str(path)!r} cannot be a folder, because it or a part of its path is a "
            "file. Name a folder, or move the file away."
        ) from None
    except OSError as error:
        raise PermissionError(
            f"Nothing can be written to the output folder {str(path)!r} ({error.strerror}). "
            "Name another folder, or change who may write to this one."
        ) from None
    return path
