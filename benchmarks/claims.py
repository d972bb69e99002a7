"""The claims of arXiv:2601.07310, tested on the stored trials of `benchmarks.replication`."""

from __future__ import annotations

import math
from dataclasses import asdict
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

import keras_attn
from benchmarks import dense, gates
from benchmarks.replication import FOLDER, STUDIES, all_sets
from keras_attn.guideline.evidence import Finding
from keras_attn.guideline.law import FINE_GRAINED, REGIMES, RESIDUAL, regime_of
from keras_attn.study.inference import mean_interval
from keras_attn.study.question import HEADLINE, Question
from keras_attn.study.store import Store
from keras_attn.study.verdicts import BETTER, EQUIVALENT, UNDECIDED, WORSE, decide

#: Image sets whose classes differ only in details. That retinamnist is one of them, because the
#: grades of retinopathy differ by small lesions, is this project's reading.
FINE = ("cifar100", "retinamnist")


#: What the verdict on a difference says about a claim that it is positive.
WORDS = {
    BETTER: "supported",
    WORSE: "contradicted",
    EQUIVALENT: "refuted within the margin",
    UNDECIDED: "undecided",
}


class Contrast(NamedTuple):
    """Two sets of topologies whose mean scores differ according to a claim.

    Attributes:
        claim: The name of the claim in the law.
        name: What is compared with what.
        first: The topologies that are better according to the claim.
        second: The topologies that they are compared with.
    """

    claim: str
    name: str
    first: tuple[str, ...]
    second: tuple[str, ...]

    def applies(self, dataset: str, samples: int) -> bool:
        """Whether the claim applies to such an image set."""
        if self.claim == FINE_GRAINED.name:
            return dataset in FINE
        return self.claim in (RESIDUAL.name, regime_of(samples).name)


def contrasts() -> tuple[Contrast, ...]:
    """One or two contrasts per claim."""
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
    """The studies in which every trial has finished.

    Of two with the same training images, the one that `--all-sets` ran counts.
    """
    complete = [
        study
        for name, study in {**STUDIES, **all_sets()}.items()
        if (FOLDER / name / "study.json").exists() and is_complete(Store(FOLDER / name))
    ]
    whole = {study.dataset for study in complete if study.prefix}
    return [
        study.name
        for study in complete
        if study.prefix or study.samples is not None or study.dataset not in whole
    ]


def is_complete(store: Store) -> bool:
    """Whether every trial of a study has finished, and none failed."""
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
    """The mean score of the first topologies minus that of the second: one number per seed."""
    scores = table.pivot_table(index="seed", columns="topology", values=HEADLINE)
    ahead, behind = (
        scores.reindex(columns=list(keys)).mean(axis=1)
        for keys in (contrast.first, contrast.second)
    )
    return (ahead - behind).dropna().to_numpy()


def findings(tables: dict[str, pd.DataFrame]) -> list[tuple[Finding, bool]]:
    """Every contrast on every study, and whether the claim applies to such images at all.

    A contrast is tested only on the studies that its claim applies to. They were fixed in advance
    by the claim, and are the family that the tests are corrected for. On the other studies the
    difference is computed for comparison, without a test.

    Args:
        tables: The trials of the studies, by name.
    """
    found: list[tuple[Finding, bool]] = []
    for contrast in contrasts():
        samples = {name: differences(table, contrast) for name, table in tables.items()}
        places = {
            name: (table["dataset"].iloc[0], int(table["train_samples"].iloc[0]))
            for name, table in tables.items()
        }
        family = {name: samples[name] for name in tables if contrast.applies(*places[name])}
        decisions = decide(family, Question())
        for name, values in samples.items():
            dataset, size = places[name]
            mean, low, high = mean_interval(values)
            decision = decisions.get(name)
            finding = Finding(
                claim=contrast.claim,
                contrast=contrast.name,
                dataset=dataset,
                num_samples=size,
                seeds=len(values),
                difference=round(mean, 5),
                low=round(low, 5),
                high=round(high, 5),
                p_corrected=_p(decision and decision.p_corrected),
                p_equivalent=_p(decision and decision.p_equivalent),
                verdict=WORDS[decision.verdict] if decision else "not tested",
            )
            found.append((finding, name in family))
    return found


def _p(value: float | None) -> float | None:
    """A p-value for JSON, which has no NaN."""
    return None if value is None or math.isnan(value) else round(value, 5)


def evidence() -> dict[str, Any]:
    """The content of the guideline's evidence.json: all contrasts that were tested."""
    tables = {name: results(name) for name in complete_studies()}
    return {
        "made_by": "python -m docs.generate, from benchmarks/results",
        "metric": "AUC on the test images",
        "other_tasks": dense.evidence(),
        "choices": gates.evidence(),
        "findings": [asdict(finding) for finding, applies in findings(tables) if applies],
    }
