"""The analysis of a study: what its results show, computed from tables alone."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property

import pandas as pd

from keras_attn.study.control import is_control
from keras_attn.study.effects import main_effects
from keras_attn.study.grid import Group
from keras_attn.study.ranking import Ranking, rank
from keras_attn.study.results import Results
from keras_attn.study.summary import summarise
from keras_attn.study.verdicts import UNDECIDED


@dataclass(frozen=True)
class Analysis:
    """Means, intervals, tests and ranks of the results of a study.

    Each is computed once, when it is first needed: make a new analysis of changed results.

    Attributes:
        results: The trials.
    """

    results: Results
    _summaries: dict[Group, pd.DataFrame] = field(default_factory=dict, init=False, repr=False)

    @property
    def groups(self) -> tuple[Group, ...]:
        """The groups that have trials."""
        return tuple(group for group in self.results.groups if self.results.trials_of(group))

    def summary_of(self, group: Group) -> pd.DataFrame:
        """One row per variant of a group; see `keras_attn.study.summary.summarise`."""
        if group not in self._summaries:
            self._summaries[group] = summarise(
                self.results.compared_of(group),
                self.results.plan.question,
                self.results.image_variances.get(group),
                self.results.image_covariances.get(group),
            )
        return self._summaries[group]

    @property
    def is_decided(self) -> bool:
        """Whether no variant of any group is undecided."""
        verdicts = [self.summary_of(group)["verdict"] for group in self.groups]
        return all(UNDECIDED not in set(each) for each in verdicts)

    def summary(self) -> pd.DataFrame:
        """One row per variant, indexed by image set and training size too if there are several."""
        if len(self.results.groups) == 1:
            return self.summary_of(self.results.groups[0])
        parts = {
            (group.dataset, self.results.plan.train_samples(group)): self.summary_of(group)
            for group in self.groups
        }
        return pd.concat(parts, names=["dataset", "train_samples"])

    def effects(self) -> pd.DataFrame:
        """The main effects of topology, place and arguments; see `main_effects`."""
        plan = self.results.plan
        compared = [text for text in plan.grid.topologies if not is_control(text)]
        variants = {text: plan.variant(text) for text in compared}
        return main_effects(self.results.compared, variants, plan.question.headline)

    @cached_property
    def ranking(self) -> Ranking | None:
        """The networks ranked over the groups; None if there are fewer than three groups."""
        return rank(self.results.compared, self.results.plan.question)
