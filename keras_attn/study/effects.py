"""What each part of the variants contributes: the main effects of a study that varies several.

A linear model has one term for each level of each factor, and blocks that hold what the trainings
of one image set and one seed have in common. The effect of a level is its distance from the mean
over the levels of its factor.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from scipy import stats

from keras_attn import catalogue
from keras_attn.study.inference import ROUNDING
from keras_attn.study.variants import Variant

#: The factors that every variant has, besides the arguments of its layers.
TOPOLOGY, PLACE = "topology", "place"

#: The place of a variant that does not name one.
USUAL_PLACE = "usual"

COLUMNS = ("effect", "low", "high", "trainings")


def main_effects(
    results: pd.DataFrame, variants: Mapping[str, Variant], metric: str
) -> pd.DataFrame:
    """The effect of each level of each factor, with its 95 % interval.

    Args:
        results: One row per trial, with the columns `dataset`, `train_samples`, `topology` (the
            whole variant), `seed` and the metric.
        variants: The variants by their texts; others are left out.
        metric: The name of the metric.

    Returns:
        A table indexed by `factor` and `level`: `effect`, the mean difference to the mean over the
        levels of the factor; `low` and `high`, its interval over trainings, which is not corrected;
        `trainings`, how many have the level.

    Raises:
        ValueError: If no factor has two levels, or the effects of the factors cannot be told apart.
    """
    table = results[results["topology"].isin(list(variants)) & results[metric].notna()]
    levels = factors_of({text: variants[text] for text in table["topology"].unique()})
    if levels.empty:
        raise ValueError(
            "There are no effects to estimate: the variants of this study do not vary a topology, "
            "a place or an argument. Compare two variants or more."
        )
    level_of = levels.loc[table["topology"]].reset_index(drop=True)
    blocks = table.groupby(["dataset", "train_samples", "seed"], sort=False).ngroup()
    design, names = _design(level_of, blocks.to_numpy())
    if np.linalg.matrix_rank(design) < design.shape[1]:
        raise ValueError(
            f"The effects of {', '.join(levels.columns)} cannot be told apart: in this study they "
            "vary together. Add variants that change one of them alone."
        )
    return _estimates(design, names, level_of, table[metric].to_numpy("float64"))


def factors_of(variants: Mapping[str, Variant]) -> pd.DataFrame:
    """The level of each factor in each variant; factors that do not vary are left out."""
    described = {text: _levels(variant) for text, variant in variants.items()}
    names = dict.fromkeys(name for each in described.values() for name in each)
    table = pd.DataFrame(
        {
            name: {
                text: each.get(name, _default(variants[text], name))
                for text, each in described.items()
            }
            for name in names
        }
    )
    return table.loc[:, table.nunique() > 1]


def _levels(variant: Variant) -> dict[str, str]:
    """The levels that a variant states."""
    found = {
        TOPOLOGY: variant.topology,
        PLACE: "+".join(part.where or USUAL_PLACE for part in variant.parts),
    }
    if len(variant.parts) == 1:
        found |= {name: str(value).removesuffix("()") for name, value in variant.config.items()}
    return found


def _default(variant: Variant, name: str) -> str:
    """The level of an argument that a variant does not state."""
    known: dict[str, Any] = {}
    if isinstance(variant.key, str) and variant.key in catalogue.list_layers():
        known = catalogue.describe(variant.key).default_config
    return str(known[name]) if name in known else "–"


def _design(
    level_of: pd.DataFrame, blocks: np.ndarray
) -> tuple[np.ndarray, list[tuple[str, list[str]]]]:
    """Columns for the blocks, then sum-to-zero columns for all levels but the last of a factor."""
    columns = [np.eye(blocks.max() + 1)[blocks]]
    names = []
    for factor in level_of:
        levels = list(dict.fromkeys(level_of[factor]))
        names.append((str(factor), levels))
        is_level = (level_of[factor].to_numpy()[:, None] == np.array(levels)).astype(float)
        columns.append(is_level[:, :-1] - is_level[:, -1:])
    return np.concatenate(columns, axis=1), names


def _estimates(
    design: np.ndarray,
    names: list[tuple[str, list[str]]],
    level_of: pd.DataFrame,
    scores: np.ndarray,
) -> pd.DataFrame:
    inverse = np.linalg.pinv(design.T @ design)
    coefficients = inverse @ design.T @ scores
    freedom = len(scores) - design.shape[1]
    residuals = scores - design @ coefficients
    variance = float(residuals @ residuals) / freedom if freedom > 0 else np.nan
    reach = float(stats.t.ppf(0.975, freedom)) if freedom > 0 else np.nan
    place = design.shape[1] - sum(len(levels) - 1 for _, levels in names)
    rows = {}
    for factor, levels in names:
        count = len(levels) - 1
        part = slice(place, place + count)
        contrasts = np.vstack([np.eye(count), -np.ones(count)])
        effects = contrasts @ coefficients[part]
        spread = np.einsum("ij,jk,ik->i", contrasts, inverse[part, part], contrasts)
        errors = reach * np.sqrt(variance * spread)
        for level, effect, error in zip(levels, effects, errors, strict=True):
            known = error if variance > ROUNDING**2 else 0.0
            trainings = int((level_of[factor] == level).sum())
            rows[factor, level] = (effect, effect - known, effect + known, trainings)
        place += count
    index = pd.MultiIndex.from_tuples(rows, names=["factor", "level"])
    return pd.DataFrame(list(rows.values()), index=index, columns=list(COLUMNS))
