"""What a study decides: one metric, and the smallest difference in it that matters."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from numbers import Real
from typing import Any

from keras_attn.checks import check_choice
from keras_attn.tasks.metrics import METRICS

#: The metric that verdicts are about, unless another is named before the first training.
HEADLINE = "auc"

#: Titles that keep their capital within a sentence, beside those that begin with an acronym.
PROPER_NAMES = ("Dice",)

#: The smallest difference that matters in a metric between 0 and 1, unless another is given.
MARGIN = 0.01


@dataclass(frozen=True)
class Question:
    """The metric and the margin that the verdicts of a study are about.

    Both are fixed before the first training, because a choice that knows the results makes wrong
    verdicts more frequent than the error level says.

    Attributes:
        headline: The name of the metric.
        margin: The smallest difference that matters, in units of the metric.
        looks: How many times the results may be looked at, with more seeds each time. The error
            level is divided among the looks.
        folds: How many folds the images are cross-validated in; 0 for the splits of the set.
    """

    headline: str = HEADLINE
    margin: float = MARGIN
    looks: int = 1
    folds: int = 0

    @property
    def title(self) -> str:
        """The name of the metric for readers, as it stands within a sentence."""
        title = METRICS[self.headline].title
        first = title.split()[0]
        is_acronym = first[1:] != first[1:].lower()
        return title if is_acronym or title in PROPER_NAMES else title[0].lower() + title[1:]

    @property
    def sign(self) -> float:
        """1 if larger values of the metric are better, −1 if smaller values are."""
        return 1.0 if METRICS[self.headline].larger_is_better else -1.0

    def as_dict(self) -> dict[str, Any]:
        """Headline, margin and, unless they are the usual ones, looks and folds, for JSON."""
        looks = {} if self.looks == 1 else {"looks": self.looks}
        folds = {"folds": self.folds} if self.folds else {}
        return {"headline": self.headline, "margin": self.margin, **looks, **folds}

    @property
    def overlap(self) -> float:
        """Test images per training image in cross-validation, whose trainings share images.

        One fold is the test split, another the validation split, and the rest is trained on.
        """
        return 1 / (self.folds - 2) if self.folds else 0.0


def ask(
    headline: str | None, margin: float | None, available: Iterable[str], usual: str = HEADLINE
) -> Question:
    """The question, after its parts were checked.

    Args:
        headline: The name of a metric; None for the usual one.
        margin: The smallest difference that matters; None for 0.01, which is possible for metrics
            between 0 and 1.
        available: The metrics that the task has.
        usual: The metric that is usual for the task.

    Raises:
        ValueError: If the task does not have the metric, or the margin is missing, not positive, or
            as large as the range of the metric.
    """
    headline = usual if headline is None else headline
    check_choice("headline", headline, tuple(available))
    low, high = METRICS[headline].bounds
    if margin is None:
        if (low, high) != (0.0, 1.0):
            raise ValueError(
                f"`margin` is missing: {headline} is not a metric between 0 and 1, so there is no "
                "usual smallest difference that matters. Give one, such as margin=0.05."
            )
        return Question(headline)
    return Question(headline, check_margin(margin, high - low))


def check_margin(margin: Any, span: float = math.inf) -> float:
    """The margin as a float.

    Args:
        margin: What was given.
        span: The largest possible difference.

    Raises:
        ValueError: If it is not a number above 0 and below `span`.
    """
    if isinstance(margin, bool) or not isinstance(margin, Real) or not 0 < float(margin) < span:
        below = "" if math.isinf(span) else f" and below {span:g}, the range of the metric"
        raise ValueError(
            f"`margin` must be a number above 0{below}: the smallest difference that matters. "
            f"Received: margin={margin!r}."
        )
    return float(margin)
