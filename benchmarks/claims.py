"""The claims of arXiv:2601.07310, tested on the stored trials of `benchmarks.replication`."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict
from types import MappingProxyType
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

import keras_attn
from benchmarks import dense, gates
from benchmarks.stored_studies import (
    complete_studies,
    image_covariance,
    results,
    variance_over_images,
)
from keras_attn.guideline.evidence import Finding
from keras_attn.guideline.law import FINE_GRAINED, REGIMES, RESIDUAL, regime_of
from keras_attn.study.inference import mean_interval
from keras_attn.study.question import HEADLINE, Question
from keras_attn.study.summary import SEEDS, SEEDS_AND_IMAGES
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

    @property
    def weights(self) -> pd.Series:
        """By topology, the weight of its mean score in the difference."""
        ahead = {key: 1 / len(self.first) for key in self.first}
        return pd.Series({**ahead, **{key: -1 / len(self.second) for key in self.second}})

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


def differences(table: pd.DataFrame, contrast: Contrast) -> np.ndarray:
    """The mean score of the first topologies minus that of the second: one number per seed."""
    scores = table.pivot_table(index="seed", columns="topology", values=HEADLINE)
    ahead, behind = (
        scores.reindex(columns=list(keys)).mean(axis=1)
        for keys in (contrast.first, contrast.second)
    )
    return (ahead - behind).dropna().to_numpy()


def findings(
    tables: Mapping[str, pd.DataFrame],
    covariances: Mapping[str, pd.DataFrame | None] = MappingProxyType({}),
) -> list[tuple[Finding, bool]]:
    """Every contrast on every study, and whether the claim applies to such images at all.

    A contrast is tested only on the studies that its claim applies to. They were fixed in advance
    by the claim, and are the family that the tests are corrected for. On the other studies the
    difference is computed for comparison, without a test.

    Args:
        tables: The trials of the studies, by name.
        covariances: The covariance of their mean scores over the test images, where it is known.
    """
    found: list[tuple[Finding, bool]] = []
    for contrast in contrasts():
        samples = {name: differences(table, contrast) for name, table in tables.items()}
        variances = {
            name: variance_over_images(covariances.get(name), contrast.weights) for name in tables
        }
        places = {
            name: (table["dataset"].iloc[0], int(table["train_samples"].iloc[0]))
            for name, table in tables.items()
        }
        family = {name: samples[name] for name in tables if contrast.applies(*places[name])}
        decisions = decide(family, Question(), variances)
        for name, values in samples.items():
            dataset, size = places[name]
            mean, low, high = mean_interval(values, image_variance=variances[name])
            decision = decisions.get(name)
            finding = Finding(
                claim=contrast.claim,
                contrast=contrast.name,
                dataset=dataset,
                num_samples=size,
                seeds=len(values),
                basis=SEEDS if variances[name] == 0 else SEEDS_AND_IMAGES,
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
    names = complete_studies()
    tables = {name: results(name) for name in names}
    covariances = {name: image_covariance(name) for name in names}
    tested = [finding for finding, applies in findings(tables, covariances) if applies]
    return {
        "made_by": "python -m docs.generate, from benchmarks/results",
        "metric": "AUC on the test images",
        "other_tasks": dense.evidence(),
        "choices": gates.evidence(),
        "findings": [asdict(finding) for finding in tested],
    }
