"""The predictions of trials for every test image, beside the trials in the folder of a study."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pandas as pd

from keras_attn.data.dataset import Dataset
from keras_attn.study.control import BASELINE, is_control
from keras_attn.study.files import prepare_folder, replacing
from keras_attn.study.grid import Group, TrialKey
from keras_attn.study.image_uncertainty import INFLUENCES, covariance, difference_variance
from keras_attn.study.trial import Trial
from keras_attn.tasks.create import learning_task

#: How predictions are kept, by their kind: counts whole, and probabilities, which are float64, with
#: about three digits, which take a quarter of the space.
KEPT = {"int64": "uint32", "float64": "float16"}


class Predictions:
    """The folder `predictions`: one file per trial, and the labels of each group of trials.

    In a cross-validation each seed tests other images, and has a file of labels of its own.

    Args:
        study: The folder of the study.
    """

    def __init__(self, study: Path) -> None:
        self.folder = study / "predictions"
        self._arrays: dict[Path, dict[str, np.ndarray] | None] | None = None

    @contextmanager
    def read_once(self) -> Iterator[None]:
        """Keeps what is read inside in memory, in the type in which it is stored."""
        self._arrays = {}
        try:
            yield
        finally:
            self._arrays = None

    def add_labels(self, group: Group, dataset: Dataset, seed: int | None = None) -> None:
        """Keeps the labels of the test images, and their groups if there are any.

        Args:
            group: The image set and training size.
            dataset: Its images.
            seed: In a cross-validation, the seed that tests these images; None if all seeds do.
        """
        task = learning_task(dataset.task, len(dataset.class_names))
        arrays = {"labels": task.kept_labels(dataset.test.labels)}
        if "test" in dataset.groups:
            arrays["groups"] = np.unique(dataset.groups["test"], return_inverse=True)[1]
        self._write(self._labels_file(group, seed), arrays)

    def add(self, key: TrialKey, predictions: np.ndarray) -> None:
        """Keeps the predictions of a trial.

        Raises:
            OSError: If they cannot be written.
        """
        kind = predictions.dtype.name
        self._write(self._file(key), {"predictions": predictions.astype(KEPT.get(kind, kind))})

    def labels(self, group: Group) -> tuple[np.ndarray, np.ndarray | None] | None:
        """The labels of the test images of all seeds and their groups.

        None if they were not kept, or if the seeds test different images: in a cross-validation.
        """
        arrays = self._read(self._labels_file(group))
        return None if arrays is None else (arrays["labels"], arrays.get("groups"))

    def labels_of(self, key: TrialKey) -> np.ndarray | None:
        """The labels of the test images of one trial; None if they were not kept."""
        arrays = self._read(self._labels_file(key.group, key.seed))
        arrays = arrays or self._read(self._labels_file(key.group))
        return None if arrays is None else arrays["labels"]

    def of(self, key: TrialKey) -> np.ndarray | None:
        """The predictions of a trial in float64; None if they were not kept."""
        arrays = self._read(self._file(key))
        if arrays is None:
            return None
        # Earlier versions kept probabilities alone, under that name.
        kept = arrays["predictions"] if "predictions" in arrays else arrays["probabilities"]
        return kept.astype("float64")

    def _file(self, key: TrialKey) -> Path:
        return self.folder / f"{key.name}.npz"

    def _labels_file(self, group: Group, seed: int | None = None) -> Path:
        of_the_seed = "" if seed is None else f"-seed{seed}"
        return self.folder / f"labels-of-{group.name}{of_the_seed}.npz"

    def _write(self, path: Path, arrays: dict[str, np.ndarray]) -> None:
        prepare_folder(self.folder)
        with replacing(path) as temporary:
            np.savez_compressed(temporary, allow_pickle=False, **arrays)

    def _read(self, path: Path) -> dict[str, np.ndarray] | None:
        if self._arrays is None:
            return _loaded(path)
        if path not in self._arrays:
            self._arrays[path] = _loaded(path)
        return self._arrays[path]


def _loaded(path: Path) -> dict[str, np.ndarray] | None:
    try:
        with np.load(path) as arrays:
            return dict(arrays)
    except (OSError, ValueError, KeyError):
        return None


def image_variances(
    predictions: Predictions, group: Group, trials: Mapping[TrialKey, Trial], metric: str
) -> dict[str, float]:
    """The variance over test images of each variant's mean difference to no attention.

    Args:
        predictions: The predictions that were kept.
        group: The image set and training size.
        trials: The trials of the group.
        metric: The name of the metric.

    Returns:
        By variant; variants of which predictions are missing are left out.
    """
    kept = predictions.labels(group)
    finished = {(key.topology, key.seed): key for key, each in trials.items() if each.best}
    if kept is None:
        return {}
    labels, groups = kept
    found = {}
    for variant in dict.fromkeys(topology for topology, _ in finished if topology != BASELINE):
        seeds = [seed for topology, seed in finished if topology == variant]
        pairs = [
            (predictions.of(finished[variant, seed]), predictions.of(finished[BASELINE, seed]))
            for seed in seeds
            if (BASELINE, seed) in finished
        ]
        ours = [one for one, _ in pairs if one is not None]
        theirs = [other for _, other in pairs if other is not None]
        if pairs and len(ours) == len(theirs) == len(pairs):
            found[variant] = difference_variance(metric, labels, ours, theirs, groups)
    return found


def image_covariance(
    predictions: Predictions, group: Group, trials: Mapping[TrialKey, Trial], metric: str
) -> pd.DataFrame | None:
    """The covariance over test images of the mean scores of the variants and of no attention.

    Args:
        predictions: The predictions that were kept.
        group: The image set and training size.
        trials: The trials of the group.
        metric: The name of the metric.

    Returns:
        A table with a row and a column for each; None if a prediction is missing, or the influence
        of single images on the metric has no formula.
    """
    kept = predictions.labels(group)
    if kept is None or metric not in INFLUENCES:
        return None
    labels, groups = kept
    networks: dict[str, list[np.ndarray]] = {}
    for key, trial in trials.items():
        if trial.best and (key.topology == BASELINE or not is_control(key.topology)):
            found = predictions.of(key)
            if found is None:
                return None
            networks.setdefault(key.topology, []).append(found)
    if not networks:
        return None
    table = covariance(metric, labels, list(networks.values()), groups)
    return pd.DataFrame(table, index=list(networks), columns=list(networks))
