"""The results of trainings, in tables."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from keras_attn.tasks.classification_metrics import auc
from keras_attn.tasks.metrics import METRICS
from keras_attn.tutorial.training import Run


def metrics_table(runs: Mapping[str, Run]) -> pd.DataFrame:
    """The metrics of the task on the test images, and what each network costs.

    Args:
        runs: Trainings by name.

    Returns:
        A row per training.
    """
    rows = {
        name: {
            **{METRICS[metric].title: value for metric, value in run.metrics.items()},
            "Parameters": run.trial.parameters,
            "Best epoch": run.trial.best.epoch if run.trial.best else 0,
        }
        for name, run in runs.items()
    }
    table = pd.DataFrame.from_dict(rows, orient="index").round(3)
    return table.astype({"Parameters": int, "Best epoch": int})


def class_table(run: Run) -> pd.DataFrame:
    """How often each class occurs, and how well it is found among the test images.

    Args:
        run: A training.

    Returns:
        A row per class or label: its training images and test images, its recall, and the area
        under its ROC curve against all the others; NaN where the test images define none.
    """
    dataset = run.dataset
    members = [_members(part.labels, dataset.class_names) for part in (dataset.train, dataset.test)]
    return pd.DataFrame(
        {
            "Training images": members[0].sum(axis=0),
            "Test images": members[1].sum(axis=0),
            "Recall": run.trial.recall,
            "AUC": [
                auc(members[1][:, [index]], run.probabilities[:, [index]])
                for index in range(len(dataset.class_names))
            ],
        },
        index=list(dataset.class_names),
    ).round(3)


def confused_pairs(run: Run, count: int = 8) -> pd.DataFrame:
    """Which classes are taken for which others most often.

    Args:
        run: A training on a task with one class per image.
        count: How many pairs.

    Returns:
        A row per pair: the class, what it is taken for, and the number of test images.

    Raises:
        ValueError: If the task is multi-label.
    """
    table = confusion(run)
    np.fill_diagonal(table, 0)
    names = run.dataset.class_names
    order = np.argsort(table, axis=None, kind="stable")[::-1][:count]
    pairs = [
        (names[i], names[j], table[i, j])
        for i, j in np.array(np.unravel_index(order, table.shape)).T
    ]
    return pd.DataFrame(
        [pair for pair in pairs if pair[2]], columns=["Class", "Taken for", "Test images"]
    )


def confusion(run: Run) -> np.ndarray:
    """Test images by class (rows) and by answer (columns).

    Raises:
        ValueError: If the task is multi-label.
    """
    labels = run.dataset.test.labels
    if labels.ndim == 2:
        raise ValueError(
            "An image of a multi-label task has no one class that could be taken for another. "
            "See `class_table`."
        )
    table = np.zeros((len(run.dataset.class_names),) * 2, int)
    np.add.at(table, (labels, run.predictions), 1)
    return table


def _members(labels: np.ndarray, names: tuple[str, ...]) -> np.ndarray:
    """Which images belong to which class, (N, classes) of 0 and 1."""
    if labels.ndim == 2:
        return labels
    return (labels[:, None] == np.arange(len(names))).astype(int)
