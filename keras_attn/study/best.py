"""The probability that a network is the best of those that were compared."""

from __future__ import annotations

import numpy as np
import pandas as pd

from keras_attn.study.inference import ROUNDING
from keras_attn.study.verdicts import LEAST_SEEDS

#: How many possible mean scores are drawn.
DRAWS = 20_000


def best_probabilities(
    scores: pd.DataFrame,
    sign: float,
    image_covariance: pd.DataFrame | None = None,
    overlap: float = 0.0,
) -> pd.Series:
    """The probability of each network that its true mean score is the best.

    The true mean scores are drawn around those that were measured: their part over seeds from the
    multivariate t-distribution of the paired scores, their part over test images from the normal
    distribution with the given covariance. Networks that tie share a draw.

    Args:
        scores: A row per seed and a column per network; seeds that lack a score are left out.
        sign: 1 if larger scores are better, -1 if smaller ones are.
        image_covariance: The covariance over test images, with the names of the networks; None if
            it is not known.
        overlap: As for `keras_attn.study.inference.Moments.of`.

    Returns:
        By network; NaN with fewer than five seeds.
    """
    paired = scores.dropna().to_numpy("float64")
    count, networks = paired.shape
    if count < LEAST_SEEDS or networks < 2:
        return pd.Series(np.nan, index=scores.columns)
    random = np.random.default_rng(0)
    deviations = (paired - paired.mean(axis=0)) * np.sqrt((1 / count + overlap) / (count - 1))
    scale = np.sqrt((count - 1) / random.chisquare(count - 1, (DRAWS, 1)))
    drawn = paired.mean(axis=0) + random.standard_normal((DRAWS, count)) @ deviations * scale
    if image_covariance is not None:
        names = list(scores.columns)
        values, vectors = np.linalg.eigh(image_covariance.loc[names, names].to_numpy())
        root = vectors * np.sqrt(np.maximum(values, 0))
        drawn += random.standard_normal((DRAWS, networks)) @ root.T
    better = sign * drawn
    first = better >= better.max(axis=1, keepdims=True) - ROUNDING
    shares = first / first.sum(axis=1, keepdims=True)
    return pd.Series(shares.mean(axis=0), index=scores.columns)
