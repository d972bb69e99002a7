"""The test images that a network with attention and one without classify differently."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from keras_attn.study.control import BASELINE
from keras_attn.study.grid import Group, TrialKey
from keras_attn.study.predictions import Predictions
from keras_attn.study.trial import Trial

#: Images that are shown of either kind.
SHOWN = 2


@dataclass(frozen=True)
class Disagreements:
    """How many seeds classify each test image correctly.

    Attributes:
        variant: The network with attention.
        seeds: Number of seeds that both networks have.
        attended: Seeds with attention that are right, (N,).
        baseline: Seeds without attention that are right, (N,).
    """

    variant: str
    seeds: int
    attended: np.ndarray
    baseline: np.ndarray

    @property
    def counts(self) -> dict[str, int]:
        """Test images by which network is right in the majority of the seeds."""
        ours, theirs = (2 * each > self.seeds for each in (self.attended, self.baseline))
        kinds = {"both": (True, True), "gained": (True, False), "lost": (False, True)}
        kinds["neither"] = (False, False)
        return {
            name: int(((ours == one) & (theirs == other)).sum())
            for name, (one, other) in kinds.items()
        }

    @property
    def clearest(self) -> list[int]:
        """The images with the largest differences: those gained, then those lost by attention."""
        gains = self.attended.astype(int) - self.baseline
        order = np.argsort(-gains, kind="stable")
        gained = [int(i) for i in order[:SHOWN] if gains[i] > 0]
        return gained + [int(i) for i in order[::-1][:SHOWN] if gains[i] < 0]


def disagreements_of(
    predictions: Predictions, group: Group, trials: Mapping[TrialKey, Trial], variant: str
) -> Disagreements | None:
    """The disagreements of a variant and the network without attention.

    Args:
        predictions: The predictions that were kept.
        group: The image set and training size.
        trials: The trials of the group.
        variant: The network with attention.

    Returns:
        None if images have several labels, or predictions of a seed that both have are missing.
    """
    kept = predictions.labels(group)
    if kept is None or kept[0].ndim > 1:
        return None
    labels, finished = (
        kept[0],
        {(key.topology, key.seed) for key, each in trials.items() if each.best},
    )
    seeds = [seed for name, seed in finished if name == variant and (BASELINE, seed) in finished]
    counts = {}
    for name in (variant, BASELINE):
        found = [
            predictions.of(key) for key in trials if key.topology == name and key.seed in seeds
        ]
        if not found or any(each is None for each in found):
            return None
        right = [each.argmax(axis=1) == labels for each in found if each is not None]
        counts[name] = np.sum(right, axis=0)
    return Disagreements(variant, len(seeds), counts[variant], counts[BASELINE])
