"""What came of a study: tables, tests, pictures, models, and the files that hold them."""

from __future__ import annotations

import json
import math
import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import keras
import pandas as pd
from matplotlib.figure import Figure

from keras_attn.data.dataset import Dataset
from keras_attn.study.control import is_control
from keras_attn.study.plan import Group, Plan, TrialKey
from keras_attn.study.plots import plot_results
from keras_attn.study.ranking import Ranking, rank
from keras_attn.study.report import write_report
from keras_attn.study.statistics import summarise
from keras_attn.study.store import Store, prepare_folder, replacing
from keras_attn.study.tasks import task_head
from keras_attn.study.trial import Epoch, Trainer, Trial

NAN = float("nan")


@dataclass
class Comparison:
    """What came of training several topologies on one image set, or on several.

    Attributes:
        plan: Image sets, grid and configuration.
        command: What was called, to be repeated.
        trials: Those that ended, failed ones among them, in the order of the plan.
        weights: Of the best trial of each group, in the order of the model.
        attended: Likewise, of the best among those with attention.
    """

    plan: Plan
    command: str = ""
    trials: dict[TrialKey, Trial] = field(default_factory=dict)
    weights: dict[Group, list] = field(default_factory=dict, repr=False)
    attended: dict[Group, list] = field(default_factory=dict, repr=False)

    @classmethod
    def load(cls, plan: Plan, store: Store, command: str) -> Comparison:
        """What a store holds of a plan."""
        there = ((key, store.trial(key)) for key in plan.grid.trials())
        trials = {key: trial for key, trial in there if trial is not None}
        comparison = cls(plan, command, trials)
        for group in plan.grid.groups:
            for with_attention, weights in enumerate((comparison.weights, comparison.attended)):
                best = comparison.best_trial_of(group, bool(with_attention))
                weights[group] = store.weights_of(group, best)
        return comparison

    @property
    def groups(self) -> tuple[Group, ...]:
        """The image sets at their training sizes."""
        return self.plan.grid.groups

    @property
    def dataset(self) -> Dataset:
        """The images of the first group."""
        return self.plan.data(self.groups[0])

    @property
    def results(self) -> pd.DataFrame:
        """One row a trial; the columns are always the same and in this order.

        The metrics are those on the test split at the epoch that was best on the validation
        split. If a training diverged or failed they are NaN, and `best_epoch` is 0.
        """
        return pd.DataFrame([self._row(key, trial) for key, trial in self.trials.items()])

    def results_of(self, group: Group) -> pd.DataFrame:
        """The rows of `results` that belong to a group."""
        rows = [self._row(key, trial) for key, trial in self.trials.items() if key.group == group]
        return pd.DataFrame(rows)

    def curves_of(self, group: Group) -> pd.DataFrame:
        """One row an epoch of every trial of a group: topology, seed, and the fields of `Epoch`."""
        return pd.DataFrame(
            [
                {"topology": trial.topology, "seed": trial.seed, **point._asdict()}
                for key, trial in self.trials.items()
                for point in trial.curve
                if key.group == group
            ],
            columns=["topology", "seed", *Epoch._fields],
        )

    def recall_of(self, group: Group) -> pd.DataFrame:
        """Mean recall over the seeds: one row a topology, one column a class."""
        names = self.plan.data(group).class_names
        rows = [
            (trial.topology, *trial.recall)
            for key, trial in self.trials.items()
            if key.group == group and not trial.error
        ]
        table = pd.DataFrame(rows, columns=["topology", *range(len(names))])
        means = table.groupby("topology", sort=False).mean()
        return means.set_axis(list(names), axis=1)

    def summary(self) -> pd.DataFrame:
        """One row a topology: means, 95 % intervals, paired differences to the baseline, tests.

        See `keras_attn.study.statistics.summarise` for the columns. If there are several groups,
        the rows are indexed by image set and number of training images, too.
        """
        if len(self.groups) == 1:
            return self.summary_of(self.groups[0])
        parts = {
            (group.dataset, len(self.plan.data(group).train.images)): self.summary_of(group)
            for group in self.groups
            if len(self.results_of(group))
        }
        return pd.concat(parts, names=["dataset", "train_samples"])

    def summary_of(self, group: Group) -> pd.DataFrame:
        """`summary` of one group."""
        return summarise(self.results_of(group))

    def ranking(self) -> Ranking | None:
        """The networks ranked over the groups; None if there are fewer than three."""
        return rank(self.results)

    def plot(self) -> Figure:
        """A panel a metric: a dot a seed, a diamond at the mean, a line over the interval.

        If there are several groups, a row of panels for each.
        """
        return plot_results({str(group): self.results_of(group) for group in self.groups})

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

    def best_trial_of(self, group: Group, with_attention: bool = False) -> Trial | None:
        """That with the best validation score; None if none gave numbers.

        Args:
            group: Of which image set, at which size.
            with_attention: Whether only networks with attention count.
        """
        finished = [
            trial
            for key, trial in self.trials.items()
            if key.group == group
            and trial.best is not None
            and not (with_attention and is_control(trial.topology))
        ]
        return min(finished, key=lambda trial: trial.preference, default=None)

    def best_model_of(self, group: Group, with_attention: bool = False) -> keras.Model:
        """The network of `best_trial_of` with the weights of its best epoch, not compiled.

        It takes images as they are in the image set, and gives logits.

        Raises:
            ValueError: If there is none, because no training gave numbers, or because its
                weights were deleted from the folder of the study.
        """
        best = self.best_trial_of(group, with_attention)
        weights = (self.attended if with_attention else self.weights).get(group)
        if best is None or not weights:
            raise ValueError(
                f"There is no best model of {group}: no training gave numbers, or the file with "
                "its weights is gone."
            )
        data = self.plan.data(group)
        model = Trainer(data, best.topology, self.plan.backbone, self.plan.config).build()
        model.set_weights(weights)
        return model

    @property
    def best_trial(self) -> Trial | None:
        """`best_trial_of` the first group, which is the only one unless several were asked for."""
        return self.best_trial_of(self.groups[0])

    @property
    def best_model(self) -> keras.Model:
        """`best_model_of` the first group, which is the only one unless several were asked for."""
        return self.best_model_of(self.groups[0])

    def save(self, folder: str | os.PathLike[str]) -> Path:
        """Writes `results.csv`, `results.json`, `report.html` and `best.keras`.

        Each is written whole or not at all. If there are several groups, each has its own model,
        `best-GROUP.keras`.

        Args:
            folder: Where to; it is made if need be, and files of these names are replaced.

        Returns:
            The folder.

        Raises:
            NotADirectoryError: If a file lies where the folder should be.
            PermissionError: If nothing can be written to it.
        """
        path = prepare_folder(folder)
        self.save_results(path)
        with replacing(path / "results.json") as temporary:
            temporary.write_text(json.dumps(self.as_dict(), indent=1), encoding="utf-8")
        for group in self.groups:
            if self.weights.get(group):
                name = "best" if len(self.groups) == 1 else f"best-{group.name}"
                with replacing(path / f"{name}.keras") as temporary:
                    self.best_model_of(group).save(temporary)
        self.report(path / "report.html")
        return path

    def save_results(self, folder: Path) -> None:
        """Writes `results.csv`."""
        with replacing(folder / "results.csv") as temporary:
            self.results.to_csv(temporary, index=False)

    def as_dict(self) -> dict[str, Any]:
        """Everything for JSON: configuration, summary, trials with their curves and recalls."""
        ranking = self.ranking()
        return standard(
            {
                "command": self.command,
                "configuration": self.plan.configuration(),
                "classes": {
                    name: list(data.class_names) for name, data in self.plan.datasets.items()
                },
                "summary": self.summary().reset_index().to_dict(orient="records"),
                "ranking": None
                if ranking is None
                else {
                    "ranks": ranking.ranks.to_dict(),
                    "groups": ranking.blocks,
                    "friedman_p_value": ranking.p_value,
                    "critical_difference": ranking.critical_difference,
                },
                "trials": [
                    {
                        **self._row(key, trial),
                        "recall": trial.recall,
                        "curve": [point._asdict() for point in trial.curve],
                        "error": trial.error,
                    }
                    for key, trial in self.trials.items()
                ],
            }
        )

    def _row(self, key: TrialKey, trial: Trial) -> dict[str, Any]:
        best, data = trial.best, self.plan.data(key.group)
        scores = dict.fromkeys(task_head(data.task, len(data.class_names)).metric_names, NAN)
        config = self.plan.config.for_samples(len(data.train.images))
        return {
            "dataset": data.name,
            "topology": trial.topology,
            "seed": trial.seed,
            **scores,
            **trial.scores,
            "parameters": trial.parameters,
            "macs": trial.macs,
            "seconds_per_step": trial.seconds_per_step,
            "seconds_per_epoch": round(trial.seconds_per_epoch, 4),
            "best_epoch": best.epoch if best else 0,
            "val_auc": best.val_auc if best else NAN,
            "val_loss": best.val_loss if best else NAN,
            "diverged": trial.diverged,
            "error": trial.reason,
            "backbone": self.plan.backbone,
            "backend": keras.backend.backend(),
            "task": data.task,
            "classes": len(data.class_names),
            "image_shape": "x".join(map(str, data.image_shape)),
            "train_samples": len(data.train.images),
            "val_samples": len(data.val.images),
            "test_samples": len(data.test.images),
            **config.as_dict(),
        }


def standard(value: Any) -> Any:
    """A value as the JSON standard knows it: what is no finite number is null."""
    if isinstance(value, dict):
        return {str(name): standard(each) for name, each in value.items()}
    if isinstance(value, (list, tuple)):
        return [standard(each) for each in value]
    value = value.item() if hasattr(value, "item") else value
    return None if isinstance(value, float) and not math.isfinite(value) else value
