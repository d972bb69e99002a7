"""What `keras_attn.compare` returns: results, their analysis, and the files that show both."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pandas as pd
from matplotlib.figure import Figure

from keras_attn.study.analysis import Analysis
from keras_attn.study.files import prepare_folder, replacing, write_json
from keras_attn.study.plan import Group
from keras_attn.study.plots import plot_results
from keras_attn.study.ranking import Ranking
from keras_attn.study.report import write_report
from keras_attn.study.results import Results


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

        See `keras_attn.study.inference.summarise` for the columns. If there are several groups,
        the rows are also indexed by image set and number of training images.
        """
        return self.analysis.summary()

    def summary_of(self, group: Group) -> pd.DataFrame:
        """The rows of `summary` that belong to a group."""
        return self.analysis.summary_of(group)

    def ranking(self) -> Ranking | None:
        """The networks ranked over the groups; None if there are fewer than three groups."""
        return self.analysis.ranking

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
        """Writes `results.csv`, `results.json`, `report.html` and `best.keras`.

        Each is written as a whole or not at all. If there are several groups, each has its own
        model, `best-GROUP.keras`.

        Args:
            folder: The folder, which is made if necessary; files of these names are replaced.

        Returns:
            The folder.

        Raises:
            NotADirectoryError: If the folder is a file.
            PermissionError: If no file can be written to it.
        """
        path = prepare_folder(folder)
        self.save_results(path)
        write_json(path / "results.json", self.as_dict(), indent=1)
        for group in self.groups:
            if self.weights.get(group):
                name = "best" if len(self.groups) == 1 else f"best-{group.name}"
                with replacing(path / f"{name}.keras") as temporary:
                    self.best_model_of(group).save(temporary)
        self.report(path / "report.html")
        return path

    def as_dict(self) -> dict[str, Any]:
        """Everything for JSON: configuration, summary, trials with their curves and recalls."""
        analysis = self.analysis
        ranking = analysis.ranking
        return {
            "command": self.command,
            "configuration": self.plan.configuration(),
            "notes": self.plan.notes,
            "classes": {name: list(data.class_names) for name, data in self.plan.datasets.items()},
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
