"""Topologies side by side: the same network, images and seeds for each."""

from __future__ import annotations

import inspect
import os
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import keras
import pandas as pd
from matplotlib.figure import Figure

from keras_attn import catalogue
from keras_attn.data.dataset import Dataset
from keras_attn.guideline import recommend_for
from keras_attn.study.backbone import check_backbone
from keras_attn.study.configuration import (
    TrainingConfig,
    check_whole_number,
    suitable_batch_size,
)
from keras_attn.study.plots import plot_results
from keras_attn.study.progress import TrialProgress
from keras_attn.study.report import write_report
from keras_attn.study.statistics import summarise
from keras_attn.study.store import prepare_folder, replacing
from keras_attn.study.trial import BASELINE, Epoch, Trainer, Trial

#: The topology that most people know, as the attention of CBAM.
USUAL = "csa"


@dataclass
class Comparison:
    """What came of training several topologies on one image set.

    Attributes:
        dataset: The images.
        backbone: Which residual network.
        config: How every trial was trained.
        command: What was called, to be repeated.
        trials: In the order of training; the baseline's first.
    """

    dataset: Dataset
    backbone: str
    config: TrainingConfig
    command: str = ""
    trials: list[Trial] = field(default_factory=list)

    def add(self, trial: Trial) -> bool:
        """Takes a trial in; only the weights of the best are kept.

        Returns:
            Whether it is the best so far.
        """
        self.trials.append(trial)
        best = self.best_trial
        for other in self.trials:
            if other is not best:
                other.weights = []
        return trial is best

    @property
    def results(self) -> pd.DataFrame:
        """One row a trial; the columns are always the same and in this order.

        The metrics are those on the test split at the epoch that was best on the validation
        split. If a training diverged they are NaN, and `best_epoch` is 0.
        """
        return pd.DataFrame([self._row(trial) for trial in self.trials])

    @property
    def curves(self) -> pd.DataFrame:
        """One row an epoch of every trial: topology, seed, and the fields of `Epoch`."""
        return pd.DataFrame(
            [
                {"topology": trial.topology, "seed": trial.seed, **point._asdict()}
                for trial in self.trials
                for point in trial.curve
            ],
            columns=["topology", "seed", *Epoch._fields],
        )

    def summary(self) -> pd.DataFrame:
        """One row a topology: means, 95 % intervals, paired differences to the baseline.

        See `keras_attn.study.statistics.summarise` for the columns.
        """
        return summarise(self.results)

    def plot(self) -> Figure:
        """A panel a metric: a dot a seed, a diamond at the mean, a line over the interval."""
        return plot_results(self.results)

    def report(self, path: str | os.PathLike[str]) -> Path:
        """Writes one HTML file that shows everything and needs nothing else.

        Args:
            path: Where to.

        Returns:
            The path.
        """
        path = Path(path)
        with replacing(path) as temporary:
            write_report(self, temporary)
        return path

    @property
    def best_trial(self) -> Trial | None:
        """That with the best validation score, baseline included; None if all diverged."""
        finished = [trial for trial in self.trials if trial.best is not None]
        return max(finished, key=lambda trial: trial.best.rank, default=None)  # type: ignore[union-attr]

    @property
    def best_model(self) -> keras.Model:
        """The network of `best_trial` with the weights of its best epoch, not compiled.

        It takes images as they are in the image set, and gives logits.

        Raises:
            ValueError: If there is none, because every training diverged.
        """
        best = self.best_trial
        if best is None:
            raise ValueError("There is no best model: the loss of every trial became NaN.")
        model = Trainer(self.dataset, best.topology, self.backbone, self.config).build()
        model.set_weights(best.weights)
        return model

    def save(self, folder: str | os.PathLike[str]) -> Path:
        """Writes `results.csv`, `report.html` and `best.keras`, each whole or not at all.

        Args:
            folder: Where to; it is made if need be, and files of these names are replaced.

        Returns:
            The folder.

        Raises:
            NotADirectoryError: If a file lies where the folder should be.
            PermissionError: If nothing can be written to it.
        """
        path = prepare_folder(folder)
        self._save_results(path)
        if self.best_trial is not None:
            self._save_best(path)
        self.report(path / "report.html")
        return path

    def _save_results(self, folder: Path) -> None:
        with replacing(folder / "results.csv") as temporary:
            self.results.to_csv(temporary, index=False)

    def _save_best(self, folder: Path) -> None:
        with replacing(folder / "best.keras") as temporary:
            self.best_model.save(temporary)

    def _row(self, trial: Trial) -> dict[str, Any]:
        best = trial.best
        return {
            "dataset": self.dataset.name,
            "topology": trial.topology,
            "seed": trial.seed,
            **trial.scores,
            "parameters": trial.parameters,
            "seconds_per_epoch": round(trial.seconds_per_epoch, 4),
            "best_epoch": best.epoch if best else 0,
            "val_auc": best.val_auc if best else float("nan"),
            "val_loss": best.val_loss if best else float("nan"),
            "diverged": trial.diverged,
            "backbone": self.backbone,
            "backend": keras.backend.backend(),
            "task": self.dataset.task,
            "classes": len(self.dataset.class_names),
            "image_shape": "x".join(map(str, self.dataset.image_shape)),
            "train_samples": len(self.dataset.train.images),
            "val_samples": len(self.dataset.val.images),
            "test_samples": len(self.dataset.test.images),
            **self.config.as_dict(),
        }


def compare(
    dataset: Dataset | str | os.PathLike[str],
    topologies: Iterable[str] | str | None = None,
    *,
    seeds: int | Sequence[int] = 3,
    epochs: int = 10,
    backbone: str = "resnet20",
    output: str | os.PathLike[str] | None = None,
    data_dir: str | os.PathLike[str] | None = None,
    batch_size: int | None = None,
    learning_rate: float = TrainingConfig.learning_rate,
    weight_decay: float = TrainingConfig.weight_decay,
    shift: int = TrainingConfig.shift,
    flip: bool = TrainingConfig.flip,
    progress: bool = True,
    command: str | None = None,
) -> Comparison:
    """Trains a network with each topology, and without attention, on the same images.

    Everything is checked before the first training starts. On a CPU, the same seeds and backend
    give the same results to the last digit.

    Args:
        dataset: A `Dataset`, or a name or path for `keras_attn.load_dataset`.
        topologies: Keys of the catalogue; if None, `"csa"` and the two that the guideline names
            first for these images. The network without attention, `"none"`, is always trained,
            and comes first.
        seeds: How many, counted from 0, or which.
        epochs: Of every training; the best on the validation split is judged.
        backbone: `"resnet20"`, `"resnet18"` or `"resnet50"`.
        output: A folder for `results.csv`, `report.html` and `best.keras`, whose files of
            these names are replaced. `results.csv` is written after every trial, so that an
            interrupted run keeps what it has.
        data_dir: Where `load_dataset` looks for images.
        batch_size: Images a step; if None 64, or less for small sets, which need their steps.
        learning_rate: Of AdamW, at the first step of its cosine decay.
        weight_decay: Of AdamW.
        shift: Shift training images by up to this many pixels.
        flip: Mirror half of the training images left to right.
        progress: Whether to show a bar.
        command: What the report calls the command that made it; this call if None.

    Returns:
        A `Comparison`: `.results`, `.summary()`, `.plot()`, `.report(path)`, `.best_model`.

    Raises:
        ValueError: If a topology, the backbone or an argument is not what it should be.
        NotADirectoryError: If `output` is a file.
        PermissionError: If nothing can be written to `output`.

    Example:
        >>> import keras_attn
        >>> comparison = keras_attn.compare("digits", ["csa"], seeds=2)  # doctest: +SKIP
        >>> comparison.summary()[["accuracy", "auc"]]  # doctest: +SKIP
    """
    if topologies is not None:
        topologies = (topologies,) if isinstance(topologies, str) else tuple(topologies)
        check_topologies(topologies)
    arguments = locals()
    numbers = check_seeds(seeds)
    usual = TrainingConfig.batch_size if batch_size is None else batch_size
    config = TrainingConfig(epochs, usual, learning_rate, weight_decay, shift, flip)
    check_backbone(backbone)
    data = check_dataset(dataset, data_dir)
    if batch_size is None:
        config = replace(config, batch_size=suitable_batch_size(len(data.train.images)))
    chosen = default_topologies(data) if topologies is None else topologies
    keys = tuple(dict.fromkeys((BASELINE, *chosen)))
    folder = None if output is None else prepare_folder(output)
    comparison = Comparison(
        data, backbone, config, _call(**arguments) if command is None else command
    )
    with TrialProgress(len(keys) * len(numbers), epochs, visible=progress) as bar:
        for key in keys:
            trainer = Trainer(data, key, backbone, config)
            for seed in numbers:
                bar.begin(key, seed)
                _run(comparison, trainer, seed, bar.epoch, folder)
                bar.end()
    if folder is not None:
        comparison.report(folder / "report.html")
    return comparison


def _run(
    comparison: Comparison,
    trainer: Trainer,
    seed: int,
    on_epoch: Callable[[int], None],
    folder: Path | None,
) -> None:
    is_best = comparison.add(trainer.run(seed, on_epoch))
    if folder is not None:
        comparison._save_results(folder)
        if is_best:
            comparison._save_best(folder)


def check_topologies(topologies: Sequence[str]) -> None:
    """Checks that there is a topology, and that every one is known.

    Raises:
        ValueError: If there is none, or a key is not in the catalogue.
    """
    if not topologies:
        raise ValueError(
            "`topologies` is empty: name at least one key of `keras_attn.list_layers()`, "
            f"or {BASELINE!r} for the network without attention alone."
        )
    for key in topologies:
        if key != BASELINE:
            catalogue.create(key)


def default_topologies(dataset: Dataset) -> tuple[str, ...]:
    """The usual one, and the two that the guideline names first for such a data set."""
    recommendation = recommend_for(dataset)
    return USUAL, recommendation.topology, *recommendation.alternatives[:1]


def check_seeds(seeds: int | Sequence[int]) -> tuple[int, ...]:
    """The seeds, each once.

    Raises:
        ValueError: If there is none, or one is no whole number of at least 0.
    """
    if isinstance(seeds, int) or not isinstance(seeds, Iterable):
        check_whole_number("seeds", seeds, 1)
        return tuple(range(seeds))
    numbers = tuple(dict.fromkeys(seeds))
    if not numbers:
        raise ValueError("`seeds` is empty: give their number, or at least one seed.")
    for number in numbers:
        check_whole_number("seed", number, 0)
    return tuple(map(int, numbers))


def check_dataset(
    dataset: Dataset | str | os.PathLike[str], data_dir: str | os.PathLike[str] | None
) -> Dataset:
    """The image set, loaded if it is a name or a path.

    Raises:
        ValueError: If it is none of these, or cannot be loaded.
    """
    if isinstance(dataset, (str, os.PathLike)):
        from keras_attn.data import load_dataset

        dataset = load_dataset(dataset, data_dir)
    if not isinstance(dataset, Dataset):
        raise ValueError(
            "`dataset` must be a Dataset, or a name or path for `keras_attn.load_dataset`. "
            f"Received: {type(dataset).__name__}."
        )
    return dataset


def _call(dataset: Any, **arguments: Any) -> str:
    """The call of `compare`, with the arguments that differ from their defaults."""
    defaults = inspect.signature(compare).parameters
    shown = {
        name: os.fspath(value) if isinstance(value, os.PathLike) else value
        for name, value in arguments.items()
        if name not in ("progress", "command") and value != defaults[name].default
    }
    first = "dataset" if isinstance(dataset, Dataset) else repr(os.fspath(dataset))
    return f"keras_attn.compare({', '.join([first, *(f'{k}={v!r}' for k, v in shown.items())])})"
