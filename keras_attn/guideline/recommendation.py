"""From a data set to a topology: the law applied, with its reasons."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from html import escape
from typing import Any, get_args

from keras_attn import catalogue
from keras_attn.checks import check_choice, check_whole_number
from keras_attn.data.checks import Granularity
from keras_attn.data.dataset import Dataset
from keras_attn.guideline.evidence import grade, own_results, replication
from keras_attn.guideline.law import (
    EVIDENCE,
    FINE_GRAINED,
    RESIDUAL,
    SOURCE,
    Claim,
    Regime,
    regime_of,
)
from keras_attn.guideline.tasks import JUDGE_BY, TASKS, caution
from keras_attn.layers import AttentionLayer

GRANULARITIES = get_args(Granularity)
PRIORITIES = ("accuracy", "stability", "parameters")


@dataclass(frozen=True)
class Recommendation:
    """A topology, and how good the evidence for it is.

    Attributes:
        topology: Key of the recommended topology.
        alternatives: Keys to try beside it, the nearest first.
        regime: `"few-shot"`, `"medium-scale"` or `"large-scale"`.
        reasons: Why, a sentence each, with the sentence of the paper it rests on.
        evidence: What the claims rest on, and what is not known of them.
        grade: The verdict of most of this project's tests of the claim that the topology rests on:
            `"supported"`, `"contradicted"`, `"refuted within the margin"`, `"undecided"` or
            `"untested"`.
        judge_by: What to measure, for the task.
        num_samples: The number of training samples it was asked for.
        granularity: The granularity it was asked for.
        priority: The priority it was asked for.
        task: The task it was asked for.
    """

    topology: str
    alternatives: tuple[str, ...]
    regime: str
    reasons: tuple[str, ...]
    evidence: tuple[str, ...]
    grade: str
    judge_by: str
    num_samples: int
    granularity: str
    priority: str
    task: str

    def create(self, **config: Any) -> AttentionLayer:
        """A new layer of the recommended topology.

        Args:
            **config: Arguments of the layer, as for `keras_attn.create`.
        """
        return catalogue.create(self.topology, **config)

    def as_dict(self) -> dict[str, Any]:
        """What JSON can hold."""
        return asdict(self)

    def _repr_html_(self) -> str:
        """What a notebook shows: the topology, then the reasons and the evidence as lists."""
        title = catalogue.describe(self.topology).title
        others = ", ".join(f"<code>{escape(key)}</code>" for key in self.alternatives)
        return (
            f"<p><strong><code>{escape(self.topology)}</code></strong> ({escape(title)}) for "
            f"{self.num_samples:,} training samples, {escape(self.granularity)} classes: the "
            f"{escape(self.regime)} regime</p>"
            f"{_list(self.reasons)}"
            f"<p>Try beside it: {others}, and no attention at all. Judge it by "
            f"{escape(self.judge_by)}.</p>"
            f"<details><summary>Evidence: {escape(self.grade)}</summary>"
            f"{_list(self.evidence)}</details>"
        )

    def __str__(self) -> str:
        lines = [
            f"{self.topology} ({catalogue.describe(self.topology).title}) for "
            f"{self.num_samples:,} training samples, {self.granularity} classes: "
            f"the {self.regime} regime",
            *(
                f"  {reason}" if reason.startswith("but ") else f"  because {reason}"
                for reason in self.reasons
            ),
            f"  try beside it: {', '.join(self.alternatives)}, and no attention at all",
            f"  judge it by {self.judge_by}",
            f"  evidence grade: {self.grade}",
            *(f"  evidence: {sentence}" for sentence in self.evidence),
        ]
        return "\n".join(lines)


def _list(sentences: tuple[str, ...]) -> str:
    return f"<ul>{''.join(f'<li>{escape(each)}</li>' for each in sentences)}</ul>"


def recommend(
    num_samples: int,
    granularity: str = "coarse",
    priority: str = "accuracy",
    task: str = "multi-class",
) -> Recommendation:
    """The topology that arXiv:2601.07310 would choose, with what speaks for it.

    Args:
        num_samples: How many training samples there are.
        granularity: `"fine"` where the classes differ in detail only (breeds, grades),
            else `"coarse"`.
        priority: `"accuracy"` follows the law; `"stability"` of training prefers an identity
            path; `"parameters"` prefers, of all topologies that the law's claims name for this
            case, the one with the fewest.
        task: `"binary"`, `"multi-class"`, `"ordinal"`, `"multi-label"`, `"detection"` or
            `"segmentation"`. It does not change the topology, as the paper names one law for all;
            it changes what to judge by, and the reasons say where the paper has tested nothing.

    Returns:
        The recommendation.

    Raises:
        ValueError: The number of samples is not a positive whole number, or a word is unknown.

    Example:
        >>> import keras_attn
        >>> keras_attn.recommend(546).topology
        'cmssa'
        >>> keras_attn.recommend(50_000, granularity="fine").topology
        'sca'
    """
    num_samples = check_whole_number("num_samples", num_samples, least=1)
    check_choice("granularity", granularity, GRANULARITIES)
    check_choice("priority", priority, PRIORITIES)
    check_choice("task", task, TASKS)
    regime = regime_of(num_samples)
    claims: list[Claim] = [regime, RESIDUAL]
    if granularity == "fine":
        claims.insert(0, FINE_GRAINED)
    if priority == "stability":
        claims.sort(key=lambda claim: claim is not RESIDUAL)
    topologies = [key for claim in claims for key in claim.topologies]
    if priority == "parameters":
        topologies.sort(key=_parameters)
    topology, *alternatives = topologies
    chosen = next(claim for claim in claims if topology in claim.topologies)
    return Recommendation(
        topology=topology,
        alternatives=tuple(alternatives),
        regime=regime.name,
        reasons=tuple(_reasons(num_samples, regime, chosen, priority, task)),
        evidence=(
            EVIDENCE,
            replication(chosen.name),
            *filter(None, (own_results(task),)),
        ),
        grade=grade(chosen.name),
        judge_by=JUDGE_BY[task],
        num_samples=num_samples,
        granularity=granularity,
        priority=priority,
        task=task,
    )


def recommend_for(
    dataset: Dataset, granularity: str | None = None, priority: str = "accuracy"
) -> Recommendation:
    """The same as `recommend`, with size, granularity and task read off a data set.

    Args:
        dataset: The data set; its training split counts.
        granularity: Overrides the data set's own.
        priority: As for `recommend`.

    Example:
        >>> import keras_attn
        >>> digits = keras_attn.load_dataset("digits")
        >>> keras_attn.recommend_for(digits).regime
        'medium-scale'
    """
    return recommend(
        len(dataset.train.images), granularity or dataset.granularity, priority, dataset.task
    )


def _reasons(
    num_samples: int, regime: Regime, chosen: Claim, priority: str, task: str
) -> list[str]:
    bounds = f"from {regime.first:,}" + ("" if regime.last is None else f" to {regime.last:,}")
    reasons = [
        f"{num_samples:,} training samples are in the {regime.name} regime ({bounds})",
        f"{SOURCE}: “{chosen.sentence}”. {chosen.reading}",
    ]
    if priority == "parameters":
        reasons.append(
            "of all topologies that the claims name for this case, it has the fewest parameters"
        )
    if (doubt := caution(task)) is not None:
        reasons.append(doubt)
    return reasons


def _parameters(key: str) -> int:
    return catalogue.describe(key).parameters(channels=64)
