"""What this project found of the guideline's claims, in evidence.json.

The file is written from the trials of the project's own replication, by a command that is named in
it. A claim without an entry was not tested.
"""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from keras_attn.guideline.tasks import UNTESTED

FILE = Path(__file__).parent / "evidence.json"

#: The p-value below which a difference is shown.
SIGNIFICANT = 0.05


@dataclass(frozen=True)
class Finding:
    """One claim, tested on one image set at one training size.

    Attributes:
        claim: Name of the claim in `law`.
        contrast: What was compared with what.
        dataset: The image set.
        num_samples: Training images.
        seeds: How many pairs of trials the difference is a mean of.
        basis: What the interval and the verdict take into account: `"seeds"`, or
            `"seeds and test images"`.
        difference: Of the mean AUC on the test images.
        low: Lower end of its 95 % interval.
        high: Upper end.
        p_corrected: Of a two-sided paired t-test, corrected by Holm's method over the image sets
            and sizes on which the contrast was tested.
        p_equivalent: Of two one-sided tests that the difference is within 0.01, corrected likewise.
        verdict: `"supported"` and `"contradicted"` where a difference is shown and not shown to be
            within 0.01, `"refuted within the margin"` where it is, else `"undecided"`.
    """

    claim: str
    contrast: str
    dataset: str
    num_samples: int
    seeds: int
    basis: str
    difference: float
    low: float
    high: float
    p_corrected: float | None
    p_equivalent: float | None
    verdict: str

    def __str__(self) -> str:
        return (
            f"{self.contrast} on {self.dataset} ({self.num_samples:,} training images, "
            f"{self.seeds} seeds): {self.difference:+z.3f} AUC "
            f"({self.low:+z.3f} to {self.high:+z.3f} over {self.basis}), {self.verdict}"
        )


@dataclass(frozen=True)
class TaskFinding:
    """One variant, compared with no attention on a task that the paper did not test.

    Attributes:
        task: The task.
        dataset: The image set.
        num_samples: Training images.
        network: The network.
        variant: What was compared with no attention.
        seeds: Trials of each.
        metric: The name of the metric.
        margin: The smallest difference that matters.
        difference: Of the mean of the metric on the test images.
        low: Lower end of its 95 % interval over trainings and test images.
        high: Upper end.
        verdict: `"better"`, `"worse"`, `"equivalent"` or `"undecided"`.
    """

    task: str
    dataset: str
    num_samples: int
    network: str
    variant: str
    seeds: int
    metric: str
    margin: float
    difference: float
    low: float | None
    high: float | None
    verdict: str

    def __str__(self) -> str:
        interval = (
            ""
            if self.low is None or self.high is None
            else f" ({self.low:+z.3f} to {self.high:+z.3f})"
        )
        return f"{self.variant} {self.difference:+z.3f}{interval}, {self.verdict}"


def findings_on(task: str) -> tuple[TaskFinding, ...]:
    """All that was found on a task that the paper did not test."""
    if not FILE.exists():
        return ()
    entries = json.loads(FILE.read_text(encoding="utf-8")).get("other_tasks", ())
    return tuple(TaskFinding(**entry) for entry in entries if entry["task"] == task)


def choices() -> str:
    """What this project found of topology, channel gate and spatial gate; empty if nothing."""
    found = json.loads(FILE.read_text(encoding="utf-8")).get("choices") if FILE.exists() else None
    if not found:
        return ""
    parts = [
        f"the {name if name == 'topology' else f'{name} gate'} ({each['best']} over "
        f"{each['worst']} by {each['range']:.3f} AUC, "
        f"{'shown' if each['p_corrected'] < SIGNIFICANT else 'not shown'} to matter)"
        for name, each in found["factors"].items()
    ]
    return (
        f"This project's factorial study of {', '.join(found['datasets'])} "
        f"({found['samples']} training images, {found['network']}, {found['seeds']} seeds) varied "
        f"three choices: {'; '.join(parts)}."
    )


def own_results(task: str) -> str:
    """What this project found that holds for a task, beside its tests of the claims.

    Args:
        task: The task. For one that the paper did not test, the results of this project; for
            classification, which choices matter.
    """
    if task not in UNTESTED:
        return choices()
    found = findings_on(task)
    if not found:
        return f"This project has no results of its own for {task} yet."
    by_set: dict[str, list[TaskFinding]] = {}
    for finding in found:
        by_set.setdefault(finding.dataset, []).append(finding)
    parts = [
        f"on {name} ({rows[0].num_samples:,} training images, {rows[0].network}, {rows[0].seeds} "
        f"seeds), differences to no attention in {rows[0].metric}, with a margin of "
        f"{rows[0].margin:g}: {'; '.join(map(str, rows))}"
        for name, rows in by_set.items()
    ]
    return (
        f"This project's own results for {task}, {'; '.join(parts)}. "
        "Small images and short trainings; see docs/replication.md."
    )


@cache
def findings() -> tuple[Finding, ...]:
    """All that was found."""
    if not FILE.exists():
        return ()
    entries = json.loads(FILE.read_text(encoding="utf-8"))["findings"]
    return tuple(Finding(**entry) for entry in entries)


def grade(claim: str) -> str:
    """The evidence grade of a claim: the verdict of most of this project's tests of it.

    Args:
        claim: Its name in `law`.

    Returns:
        The verdict of a `Finding`; `"undecided"` if no verdict is that of more than half of the
        tests, and `"untested"` if there are none.
    """
    verdicts = [finding.verdict for finding in findings() if finding.claim == claim]
    if not verdicts:
        return "untested"
    verdict, count = Counter(verdicts).most_common(1)[0]
    return verdict if 2 * count > len(verdicts) else "undecided"


def replication(claim: str) -> str:
    """One sentence: what this project found of a claim.

    Args:
        claim: Its name in `law`.
    """
    found = [finding for finding in findings() if finding.claim == claim]
    if not found:
        return f"The claim on {claim} has not been tested by this project yet."
    return (
        f"This project's own tests of the claim on {claim}: {'; '.join(map(str, found))}. "
        "A small network and short trainings; see docs/replication.md."
    )
