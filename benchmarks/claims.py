"""The claims of arXiv:2601.07310, tested on the stored trials of `benchmarks.replication`."""

from __future__ import annotations

import math
from dataclasses import asdict
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

import keras_attn
from benchmarks.replication import FOLDER, STUDIES
from keras_attn.guideline.evidence import Finding
from keras_attn.guideline.law import FINE_GRAINED, REGIMES, RESIDUAL, regime_of
from keras_attn.study import statistics
from keras_attn.study.statistics import (
    BETTER,
    HEADLINE,
    UNDECIDED,
    WORSE,
    corrected,
    mean_interval,
    p_value,
)
from keras_attn.study.store import Store

#: Image sets whose classes differ in detail only: that the grades of retinopathy do, which differ
#: by small lesions, is this project's reading.
FINE = ("cifar100", "retinamnist")


class Contrast(NamedTuple):
    """Two sets of topologies whose mean scores a claim says something of.

    Attributes:
        claim: Its name in the law.
        name: What is compared with what.
        first: Topologies that the claim says are ahead.
        second: What they are ahead of.
    """

    claim: str
    name: str
    first: tuple[str, ...]
    second: tuple[str, ...]

    def applies(self, dataset: str, samples: int) -> bool:
        """Whether the claim says anything of such an image set."""
        if self.claim == FINE_GRAINED.name:
            return dataset in FINE
        return self.claim in (RESIDUAL.name, regime_of(samples).name)


def contrasts() -> tuple[Contrast, ...]:
    """One or two a claim."""
    topologies = keras_attn.list_topologies()

    def others(keys: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(key for key in topologies if key not in keys)

    regimes = [
        Contrast(
            regime.name,
            f"{' and '.join(regime.topologies)} over the other topologies",
            regime.topologies,
            others(regime.topologies),
        )
        for regime in REGIMES
    ]
    return (
        *regimes,
        Contrast(FINE_GRAINED.name, "sca over csa", ("sca",), ("csa",)),
        Contrast(RESIDUAL.name, "rcsa over csa", ("rcsa",), ("csa",)),
        Contrast(
            RESIDUAL.name,
            f"{', '.join(RESIDUAL.topologies)} over the other topologies",
            RESIDUAL.topologies,
            others(RESIDUAL.topologies),
        ),
    )


def complete_studies() -> list[str]:
    """The studies of which every trial has ended."""
    return [
        name
        for name in STUDIES
        if (FOLDER / name / "study.json").exists() and is_complete(Store(FOLDER / name))
    ]


def is_complete(store: Store) -> bool:
    """Whether every trial of a study has ended, and none failed."""
    trials = (store.trial(key) for key in store.grid().trials())
    return all(trial is not None and not trial.error for trial in trials)


def results(name: str) -> pd.DataFrame:
    """The trials of a study, as `summarise` takes them."""
    store = Store(FOLDER / name)
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


def differences(table: pd.DataFrame, contrast: Contrast) -> np.ndarray:
    """One a seed: the mean score of the first topologies less that of the second."""
    scores = table.pivot_table(index="seed", columns="topology", values=HEADLINE)
    ahead, behind = (
        scores.reindex(columns=list(keys)).mean(axis=1)
        for keys in (contrast.first, contrast.second)
    )
    return (ahead - behind).dropna().to_numpy()


def findings(tables: dict[str, pd.DataFrame]) -> list[tuple[Finding, bool]]:
    """Every contrast on every study, and whether the claim speaks of such images at all.

    Args:
        tables: The trials of the studies, by name.
    """
    found: list[tuple[Finding, bool]] = []
    for contrast in contrasts():
        samples = {name: differences(table, contrast) for name, table in tables.items()}
        p_values = corrected(np.array([p_value(values) for values in samples.values()]))
        for (name, values), p in zip(samples.items(), p_values, strict=True):
            table = tables[name]
            dataset, size = table["dataset"].iloc[0], int(table["train_samples"].iloc[0])
            mean, low, high = mean_interval(values)
            finding = Finding(
                claim=contrast.claim,
                contrast=contrast.name,
                dataset=dataset,
                num_samples=size,
                seeds=len(values),
                difference=round(mean, 5),
                low=round(low, 5),
                high=round(high, 5),
                p_corrected=None if math.isnan(p) else round(float(p), 5),
                verdict=verdict(mean, float(p)),
            )
            found.append((finding, contrast.applies(dataset, size)))
    return found


def verdict(difference: float, p_corrected: float) -> str:
    """What the corrected test says of a claim that the difference is above zero."""
    words = {BETTER: "supported", WORSE: "contradicted", UNDECIDED: "not shown"}
    return words[statistics.verdict(difference, p_corrected)]


def evidence() -> dict[str, Any]:
    """The content of the guideline's evidence.json: what claims say of images they speak of."""
    tables = {name: results(name) for name in complete_studies()}
    return {
        "made_by": "python -m docs.generate, from benchmarks/results/replication",
        "metric": "AUC on the test images",
        "findings": [asdict(finding) for finding, applies in findings(tables) if applies],
    }
