"""The studies of the replication as they are stored: their trials, and what they show."""

from __future__ import annotations

import pandas as pd

from benchmarks import replication
from keras_attn.study.control import BASELINE
from keras_attn.study.question import HEADLINE
from keras_attn.study.store import Store
from keras_attn.study.summary import SEEDS_AND_IMAGES, summarise
from keras_attn.study.wording import signed


def complete_studies() -> list[str]:
    """The studies in which every trial has finished.

    Of two with the same training images, the one that was planned later counts: it has more seeds,
    or longer trainings.
    """
    studies = {**replication.STUDIES, **replication.all_sets()}.values()
    latest = {
        (study.dataset, study.samples): study.name
        for study in studies
        if (replication.FOLDER / study.name / "study.json").exists()
        and is_complete(store_of(study.name))
    }
    return list(latest.values())


def store_of(name: str) -> Store:
    """The store of a study."""
    return Store(replication.FOLDER / name)


def is_complete(store: Store) -> bool:
    """Whether every trial of a study has finished, and none failed."""
    trials = (store.trial(key) for key in store.grid().trials())
    return all(trial is not None and not trial.error for trial in trials)


def results(name: str) -> pd.DataFrame:
    """The trials of a study, as `summarise` takes them."""
    store = store_of(name)
    study = store.read()
    sizes = dict(zip(store.grid().groups, study["train_samples"], strict=True))
    rows = []
    for key in store.grid().trials():
        trial = store.trial(key)
        if trial is not None:
            rows.append(
                {
                    "dataset": key.dataset,
                    "train_samples": sizes[key.group],
                    "topology": key.topology,
                    "seed": key.seed,
                    **trial.scores,
                    "diverged": trial.diverged,
                    "error": trial.error,
                    "parameters": trial.parameters,
                    "macs": trial.macs,
                    "seconds": trial.seconds,
                    "epochs": len(trial.curve),
                    "seconds_per_epoch": trial.seconds_per_epoch,
                    "seconds_per_step": trial.seconds_per_step,
                }
            )
    return pd.DataFrame(rows)


def image_covariance(name: str) -> pd.DataFrame | None:
    """The covariance over test images of the mean AUC of the networks; None if it is not known."""
    path = replication.FOLDER / name / replication.IMAGE_COVARIANCE
    return pd.read_csv(path, index_col=0) if path.exists() else None


def variance_over_images(covariance: pd.DataFrame | None, weights: pd.Series) -> float:
    """The variance over test images of a weighted sum of mean scores; 0 if it is not known.

    Args:
        covariance: What `image_covariance` returns.
        weights: By network.
    """
    if covariance is None:
        return 0.0
    known = covariance.loc[weights.index, weights.index]
    return float(weights @ known @ weights)


def summary(trials: pd.DataFrame, covariance: pd.DataFrame | None) -> pd.DataFrame:
    """One row per network of a study, as `summarise` returns them.

    Args:
        trials: What `results` returns.
        covariance: What `image_covariance` returns.
    """
    if covariance is None:
        return summarise(trials)
    variances = {
        network: variance_over_images(covariance, pd.Series({network: 1.0, BASELINE: -1.0}))
        for network in covariance.index.drop(BASELINE)
    }
    return summarise(trials, None, variances, covariance)


def interval_text(row: pd.Series) -> str:
    """The 95 % interval that the verdict of a row of `summary` rests on, in words."""
    name = "combined" if row["basis"] == SEEDS_AND_IMAGES else f"{HEADLINE}_difference"
    return " to ".join(signed(row[f"{name}_{end}"]) for end in ("low", "high"))
