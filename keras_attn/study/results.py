"""The results of a study: its trials, as tables, and its best models."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, Self

import keras
import pandas as pd

from keras_attn.data.dataset import Dataset
from keras_attn.data.description import ModelDescription, attach
from keras_attn.study.control import is_control
from keras_attn.study.disagreements import Disagreements, disagreements_of
from keras_attn.study.files import replacing
from keras_attn.study.grid import Group, TrialKey
from keras_attn.study.outcomes import Outcome, majority, outcomes_of
from keras_attn.study.plan import Plan
from keras_attn.study.predictions import Predictions, image_covariance, image_variances
from keras_attn.study.store import Store
from keras_attn.study.trainer import Trainer
from keras_attn.study.training import COLUMNS, Training
from keras_attn.study.trial import NAN, Epoch, Trial
from keras_attn.tasks.create import learning_task


@dataclass
class Results:
    """The trials of a study.

    Attributes:
        plan: Image sets, grid and configuration.
        command: The command or call that made them.
        trials: The trials that ended, including failed ones, in the order of the plan.
        weights: The weights of the best trial of each group, in the order of the model.
        attended: The weights of the best trial with attention of each group.
        image_variances: For each group, by variant, the variance over test images of its mean
            difference to no attention, where the predictions of all its trials were kept.
        image_covariances: For each group, the covariance over test images of the mean scores, where
            all predictions were kept.
        outcomes: For each group, by variant, its errors on the test images, where the predictions
            of all its trials were kept.
        disagreements: For each group, how its best network with attention and the one without
            classify the test images, where their predictions were kept.
        majorities: For each group, the accuracy of always answering the most frequent class.
        pictures: By kind and group, pictures of the best trials as SVG, where they are not drawn
            again; empty if there is nothing to show. See `keras_attn.study.stored_pictures`.
    """

    plan: Plan
    command: str = ""
    trials: dict[TrialKey, Trial] = field(default_factory=dict)
    weights: dict[Group, list] = field(default_factory=dict, repr=False)
    attended: dict[Group, list] = field(default_factory=dict, repr=False)
    image_variances: dict[Group, dict[str, float]] = field(default_factory=dict, repr=False)
    image_covariances: dict[Group, pd.DataFrame | None] = field(default_factory=dict, repr=False)
    outcomes: dict[Group, dict[str, Outcome]] = field(default_factory=dict, repr=False)
    disagreements: dict[Group, Disagreements | None] = field(default_factory=dict, repr=False)
    majorities: dict[Group, float | None] = field(default_factory=dict, repr=False)
    pictures: dict[tuple[str, Group], str] = field(default_factory=dict, repr=False)

    @classmethod
    def load(cls, plan: Plan, store: Store, command: str) -> Self:
        """The trials of a plan and their best weights, from a store."""
        stored = ((key, store.trial(key)) for key in plan.grid.trials())
        trials = {key: trial for key, trial in stored if trial is not None}
        results = cls(plan, command, trials)
        results.read_predictions(store)
        for group in results.groups:
            for with_attention, weights in ((False, results.weights), (True, results.attended)):
                best = results.best_trial_of(group, with_attention)
                weights[group] = store.weights_of(group, best)
        return results

    def read_predictions(self, store: Store) -> None:
        """Computes the variances over test images from the predictions in a store."""
        for group in self.groups:
            with store.predictions.read_once():
                self._read_predictions_of(group, store.predictions)

    def _read_predictions_of(self, group: Group, kept: Predictions) -> None:
        metric, trials = self.plan.question.headline, self.trials_of(group)
        self.image_variances[group] = image_variances(kept, group, trials, metric)
        self.image_covariances[group] = image_covariance(kept, group, trials, metric)
        facts = self.plan.facts(group.dataset)
        if not learning_task(facts.task, len(facts.class_names)).located:
            self.outcomes[group] = outcomes_of(kept, trials)
            self.majorities[group] = majority(kept, trials)
            best = self.best_trial_of(group, with_attention=True)
            if best is not None:
                self.disagreements[group] = disagreements_of(kept, group, trials, best.topology)

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
        """One row per trial; the columns and their order are always the same.

        The metrics are those on the test split at the epoch that was best on the validation
        split. They are NaN for a trial that diverged or failed, and its `best_epoch` is 0.
        """
        return self._table(self.trials)

    def results_of(self, group: Group) -> pd.DataFrame:
        """The rows of `results` that belong to a group."""
        return self._table(self.trials_of(group))

    @property
    def compared(self) -> pd.DataFrame:
        """`results` with the whole variant as its topology, so that variants are told apart."""
        return _by_variant(self.results)

    def compared_of(self, group: Group) -> pd.DataFrame:
        """The rows of `compared` that belong to a group."""
        return _by_variant(self.results_of(group))

    def trials_of(self, group: Group) -> dict[TrialKey, Trial]:
        """The trials that belong to a group."""
        return {key: trial for key, trial in self.trials.items() if key.group == group}

    def curves_of(self, group: Group) -> pd.DataFrame:
        """One row per epoch of the trials of a group: topology, seed, and the fields of `Epoch`."""
        return pd.DataFrame(
            [
                {"topology": trial.topology, "seed": trial.seed, **point._asdict()}
                for trial in self.trials_of(group).values()
                for point in trial.curve
            ],
            columns=["topology", "seed", *Epoch._fields],
        )

    def recall_of(self, group: Group) -> pd.DataFrame:
        """Mean recall over the seeds: one row per topology, one column per class."""
        names = self.plan.facts(group.dataset).class_names
        rows = [
            (trial.topology, *trial.recall)
            for trial in self.trials_of(group).values()
            if not trial.error
        ]
        table = pd.DataFrame(rows, columns=["topology", *range(len(names))])
        means = table.groupby("topology", sort=False).mean()
        return means.set_axis(list(names), axis=1)

    def best_trial_of(self, group: Group, with_attention: bool = False) -> Trial | None:
        """The trial with the best validation score; None if all diverged or failed.

        Args:
            group: The image set and training size.
            with_attention: Whether to consider only networks with attention.
        """
        finished = [
            trial
            for trial in self.trials_of(group).values()
            if trial.best is not None and not (with_attention and is_control(trial.topology))
        ]
        return min(finished, key=lambda trial: trial.preference, default=None)

    def best_model_of(self, group: Group, with_attention: bool = False) -> keras.Model:
        """The network of `best_trial_of` with the weights of its best epoch, not compiled.

        It takes images as they are in the image set, and returns logits. It carries a description
        of what it was trained for, which `keras_attn.describe_model` reads, also from a file.

        Raises:
            ValueError: If there is none, because every training diverged or failed, or because
                its weights were deleted from the folder of the study.
        """
        best = self.best_trial_of(group, with_attention)
        weights = (self.attended if with_attention else self.weights).get(group)
        if best is None or not weights:
            raise ValueError(
                f"There is no best model of {group}: every training diverged or failed, or the "
                "file with the weights was deleted."
            )
        data = self.plan.data(group, best.seed)
        model = Trainer(
            data, self.plan.variant(best.topology), self.plan.network, self.plan.config
        ).build()
        model.set_weights(weights)
        attach(model, ModelDescription.of(data))
        return model

    @property
    def best_trial(self) -> Trial | None:
        """`best_trial_of` the first group, which is the only one unless several were given."""
        return self.best_trial_of(self.groups[0])

    @property
    def best_model(self) -> keras.Model:
        """`best_model_of` the first group, which is the only one unless several were given."""
        return self.best_model_of(self.groups[0])

    def save_results(self, folder: Path) -> None:
        """Writes `results.csv`."""
        with replacing(folder / "results.csv") as temporary:
            self.results.to_csv(temporary, index=False)

    def _table(self, trials: dict[TrialKey, Trial]) -> pd.DataFrame:
        return pd.DataFrame([self.row(key, trial) for key, trial in trials.items()])

    @cached_property
    def _configs(self) -> dict[Group, Training]:
        """How the trials of each group are trained, checked once for a table of many rows."""
        plan = self.plan
        return {group: plan.config.for_samples(plan.train_samples(group)) for group in self.groups}

    def row(self, key: TrialKey, trial: Trial) -> dict[str, Any]:
        """The row of a trial in `results`."""
        best, facts = trial.best, self.plan.facts(key.dataset)
        samples = self.plan.train_samples(key.group)
        names: Iterable[str] = learning_task(facts.task, len(facts.class_names)).metric_names
        config = self._configs[key.group]
        return {
            "dataset": facts.name,
            "topology": self.plan.topology(trial.topology),
            "variant": trial.topology,
            "seed": trial.seed,
            **dict.fromkeys(names, NAN),
            **trial.scores,
            "parameters": trial.parameters,
            "macs": trial.macs,
            "seconds_per_step": trial.seconds_per_step,
            "seconds_per_epoch": round(trial.seconds_per_epoch, 4),
            "best_epoch": best.epoch if best else 0,
            "val_score": best.val_score if best else NAN,
            "val_loss": best.val_loss if best else NAN,
            "diverged": trial.diverged,
            "error": trial.reason,
            "backbone": self.plan.backbone,
            "backend": self.plan.versions()["backend"].split()[0],
            "task": facts.task,
            "classes": len(facts.class_names),
            "image_shape": "x".join(map(str, facts.image_shape)),
            "train_samples": samples,
            "val_samples": facts.samples["val"],
            "test_samples": facts.samples["test"],
            **{name: getattr(config, name) for name in COLUMNS},
        }


def _by_variant(table: pd.DataFrame) -> pd.DataFrame:
    return table.assign(topology=table["variant"]) if len(table) else table
