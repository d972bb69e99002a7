"""What `keras_attn.compare` returns: results, their analysis, and the files that show both."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pandas as pd
from matplotlib.figure import Figure

from keras_attn.study.analysis import Analysis
from keras_attn.study.answer import answer
from keras_attn.study.display import as_html
from keras_attn.study.files import prepare_folder, replacing, write_json
from keras_attn.study.grid import Group
from keras_attn.study.plots import plot_results
from keras_attn.study.ranking import Ranking
from keras_attn.study.report import write_report
from keras_attn.study.results import Results
from keras_attn.study.store import Store
from keras_attn.study.stored_pictures import KINDS, file_name, picture
from keras_attn.study.stored_plan import StoredPlan
from keras_attn.study.wording import overview

#: The folder of the pictures of a study.
PICTURES = "pictures"


class Comparison(Results):
    """The results of several topologies on one or several image sets, with tests and reports.

    `results`, `best_model` and the other tables are those of `Results`.
    """

    @property
    def analysis(self) -> Analysis:
        """Means, intervals, tests and ranks of the trials that are here now."""
        return Analysis(self)

    def summary(self) -> pd.DataFrame:
        """One row per topology: means, 95 % intervals, paired differences to the baseline, tests.

        See `keras_attn.study.summary.summarise` for the columns. If there are several groups,
        the rows are also indexed by image set and number of training images.
        """
        return self.analysis.summary()

    def summary_of(self, group: Group) -> pd.DataFrame:
        """The rows of `summary` that belong to a group."""
        return self.analysis.summary_of(group)

    def answer_of(self, group: Group) -> str:
        """The answer of a group in one sentence, with which its report begins."""
        return answer(self.summary_of(group), self.plan.question)

    def answer(self) -> str:
        """The answer in one sentence, with which the report begins."""
        several = len(self.groups) > 1
        return overview(self.analysis) if several else self.answer_of(self.groups[0])

    def ranking(self) -> Ranking | None:
        """The networks ranked over the groups; None if there are fewer than three groups."""
        return self.analysis.ranking

    def effects(self) -> pd.DataFrame:
        """What topology, place and each argument contribute, for a study that varies several.

        A linear model with the image set and the seed as blocks gives the effect of each level: its
        mean difference in the headline metric to the mean over the levels of its factor.

        Returns:
            A table indexed by `factor` and `level` with the columns `effect`, `low` and `high` (its
            95 % interval over trainings, not corrected) and `trainings`.

        Raises:
            ValueError: If nothing varies, or what varies cannot be told apart.
        """
        return self.analysis.effects()

    def _repr_html_(self) -> str:
        """What a notebook shows: the answer, and the verdicts of each group."""
        return as_html(self.analysis, self.answer())

    def plot(self) -> Figure:
        """One panel per metric: a dot per seed, a diamond at the mean, a line for the interval.

        If there are several groups, each has a row of panels.
        """
        return plot_results({str(group): self.compared_of(group) for group in self.groups})

    def report(self, path: str | os.PathLike[str]) -> Path:
        """Writes one HTML file that shows everything and needs no other file.

        Args:
            path: The file to write, in a folder that exists.

        Returns:
            The path.

        Raises:
            FileNotFoundError: If there is no such folder.
        """
        path = Path(path)
        with replacing(path) as temporary:
            write_report(self.analysis, temporary)
        return path

    def save(self, folder: str | os.PathLike[str]) -> Path:
        """Writes `results.csv`, `results.json`, `report.html`, and the models.

        `best.keras` is the best network and `best-attention.keras` the best with attention. If
        there are several groups, each has its own models, `best-GROUP.keras` and
        `best-attention-GROUP.keras`. Each file is written as a whole or not at all.

        Args:
            folder: The folder, which is made if necessary; files of these names are replaced.

        Returns:
            The folder.

        Raises:
            NotADirectoryError: If the folder is a file.
            PermissionError: If no file can be written to it.
        """
        path = prepare_folder(folder)
        for group in self.groups:
            self._save_pictures(path, group)
            end = "" if len(self.groups) == 1 else f"-{group.name}"
            for name, weights in (("best", self.weights), ("best-attention", self.attended)):
                if weights.get(group):
                    model = self.best_model_of(group, with_attention=name != "best")
                    with replacing(path / f"{name}{end}.keras") as temporary:
                        model.save(temporary)
        self.save_report(path)
        return path

    def save_report(self, folder: str | os.PathLike[str]) -> None:
        """Writes `results.csv`, `results.json` and `report.html`, each as a whole or not at all.

        Args:
            folder: A folder that exists; files of these names are replaced.
        """
        path = Path(folder)
        self.save_results(path)
        write_json(path / "results.json", self.as_dict(), indent=1)
        self.report(path / "report.html")

    @classmethod
    def read(cls, folder: str | os.PathLike[str]) -> Comparison:
        """The comparison in a folder, from the trials that have ended, without its images.

        It has all results, tests and reports, but no `dataset` and no `best_model`: the models are
        in the folder.

        Args:
            folder: What `keras_attn.compare` was given as `output`.

        Raises:
            ValueError: If there is no study in the folder or no trial has ended, or if the study
                was made by an earlier version, which did not store what a report needs.
        """
        store = Store(Path(folder))
        plan = StoredPlan.read(store)
        stored = ((key, store.trial(key)) for key in plan.grid.trials())
        trials = {key: trial for key, trial in stored if trial is not None}
        if not trials:
            raise ValueError(
                f"No trial of the study in {str(folder)!r} has ended yet. "
                "`keras-attn compare --status DIR` says how far it is."
            )
        comparison = cls(plan, plan.stored["command"], trials)
        comparison.read_predictions(store)
        for group in comparison.groups:
            comparison._read_pictures(Path(folder), group)
        return comparison

    def _save_pictures(self, folder: Path, group: Group) -> None:
        """Keeps the pictures of the best trials, which cannot be drawn without the images."""
        for name in KINDS:
            file, drawn = file_name(self, group, name), picture(self, group, name)
            if file is not None and drawn is not None:
                self.pictures[name, group] = drawn
                with replacing(prepare_folder(folder / PICTURES) / file) as temporary:
                    temporary.write_text(drawn, encoding="utf-8")

    def _read_pictures(self, folder: Path, group: Group) -> None:
        """Reads the pictures that were kept."""
        for name in KINDS:
            file = file_name(self, group, name)
            if file is not None and (path := folder / PICTURES / file).exists():
                self.pictures[name, group] = path.read_text(encoding="utf-8")

    def as_dict(self) -> dict[str, Any]:
        """Everything for JSON: configuration, summary, trials with their curves and recalls."""
        analysis = self.analysis
        ranking = analysis.ranking
        return {
            "answer": self.answer(),
            "command": self.command,
            "configuration": self.plan.configuration(),
            "notes": self.plan.notes,
            "classes": {
                name: list(self.plan.facts(name).class_names)
                for name in dict.fromkeys(group.dataset for group in self.groups)
            },
            "summary": analysis.summary().reset_index().to_dict(orient="records"),
            "ranking": None if ranking is None else ranking.as_dict(),
            "trials": [
                {
                    **self.row(key, trial),
                    "recall": trial.recall,
                    "curve": [point._asdict() for point in trial.curve],
                    "error": trial.error,
                }
                for key, trial in self.trials.items()
            ],
        }
