"""The finding on the home page: does attention help, in one sentence and one small picture."""

from __future__ import annotations

import numpy as np
import pandas as pd

import keras_attn
from benchmarks import claims, stored_studies
from docs.forest import themed
from keras_attn.guideline.evidence import grade
from keras_attn.guideline.law import FINE_GRAINED, REGIMES, RESIDUAL
from keras_attn.study.control import BASELINE
from keras_attn.study.inference import mean_interval
from keras_attn.study.question import HEADLINE, Question
from keras_attn.study.verdicts import EQUIVALENT, decide

#: What the page has in place of the finding.
MARK = "<!-- finding -->"

CAPTION = (
    "What attention changes: the difference in AUC on the test images between the mean of the 18 "
    "topologies and no attention, with 95 % intervals over trainings, and over test images too "
    "where ten seeds were trained; the band is the margin."
)


def filled(text: str) -> str:
    """The home page with the finding in its place."""
    return text.replace(MARK, finding())


def finding() -> str:
    """The sentence and the picture; empty until a study is complete."""
    table = differences()
    return f"{sentence(table)}\n\n{themed('finding', table, CAPTION)}" if len(table) else ""


def sentence(table: pd.DataFrame) -> str:
    """The finding, and the evidence grades of the guideline's claims.

    Args:
        table: What `differences` returns.
    """
    margin = Question().margin
    small = int((table[f"{HEADLINE}_difference"].abs() < margin).sum())
    equivalent = int((table["verdict"] == EQUIVALENT).sum())
    return (
        f"In {small} of {len(table)} studies of this project on small image sets, the 18 "
        f"topologies together changed the mean AUC by less than {margin:g}, and in {equivalent} of "
        "them that is shown by a test; elsewhere more trainings would be needed to decide. The "
        f"studies grade the paper's claims, on which the guideline rests: {grades()}."
    )


def grades() -> str:
    """The evidence grade of each claim that the guideline rests on."""
    return ", ".join(
        f"{claim.name} {grade(claim.name)}" for claim in (*REGIMES, FINE_GRAINED, RESIDUAL)
    )


def differences() -> pd.DataFrame:
    """The mean difference of all topologies to no attention, one row per study."""
    topologies = tuple(keras_attn.list_topologies())
    contrast = claims.Contrast("", "topologies over none", topologies, (BASELINE,))
    values, variances = {}, {}
    for name in stored_studies.complete_studies():
        trials, covariance = stored_studies.results(name), stored_studies.image_covariance(name)
        place = f"{trials['dataset'].iloc[0]}, {trials['train_samples'].iloc[0]:,}"
        values[place] = claims.differences(trials, contrast)
        variances[place] = stored_studies.variance_over_images(covariance, contrast.weights)
    decisions = decide(values, Question(), variances)
    rows = {}
    for place, each in values.items():
        mean, low, high = mean_interval(each, image_variance=variances[place])
        rows[place] = {
            f"{HEADLINE}_difference": mean,
            f"{HEADLINE}_difference_low": low,
            f"{HEADLINE}_difference_high": high,
            "combined_low": np.nan,
            "combined_high": np.nan,
            "verdict": decisions[place].verdict,
        }
    return pd.DataFrame.from_dict(rows, orient="index")
