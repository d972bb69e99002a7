"""What a reviewer should know about a study: convergence, duplicates, the most frequent class."""

from __future__ import annotations

import pandas as pd

from keras_attn.study.facts import Facts
from keras_attn.study.question import Question
from keras_attn.study.training import Training

#: The last epochs are compared with the same number before them: this share of all epochs each.
SHARE = 0.2

#: With fewer epochs, nothing is said about convergence.
LEAST_EPOCHS = 5


def convergence(curves: pd.DataFrame, question: Question, title: str) -> str:
    """A warning if the validation scores were still rising when the training ended, or nothing.

    Args:
        curves: One row per epoch of each trial, with `epoch` and `val_score`.
        question: The margin is the rise that is worth a warning.
        title: The name of the metric of `val_score`.
    """
    if not len(curves) or (epochs := int(curves["epoch"].max())) < LEAST_EPOCHS:
        return ""
    window = max(1, int(SHARE * epochs))
    last = curves.loc[curves["epoch"] > epochs - window, "val_score"].mean()
    before = curves["epoch"].between(epochs - 2 * window + 1, epochs - window)
    rise = last - curves.loc[before, "val_score"].mean()
    if not rise > question.margin:
        return ""
    return (
        f"Scores were still rising at the last epoch: the validation {title} of the last "
        f"{window} epochs is {rise:.3f} above that of the {window} before. Train longer; the "
        "verdicts are about networks that have not converged."
    )


def selection(training: Training) -> str:
    """A warning if the epoch was chosen by the images that are scored, or nothing."""
    if training.select == "validation":
        return ""
    return (
        "The epoch of each training was chosen by its score on the test images, as the authors of "
        "some published results did. All scores are too high, and a network whose scores vary more "
        "from epoch to epoch gains more by it."
    )


def duplicates(facts: Facts) -> str:
    """A warning if test images are among the training images, or nothing."""
    shared = {pair: count for pair, count in facts.duplicates.items() if "test" in pair and count}
    if not shared:
        return ""
    found = " and ".join(f"{count:,} in {pair}" for pair, count in shared.items())
    return (
        f"Identical images are in two splits: {found}. The scores on the test images are too high "
        "by what the networks remember of them."
    )


def most_frequent(accuracy: float | None) -> str:
    """What the simplest answer would reach, or nothing."""
    if accuracy is None:
        return ""
    return f"Always answering the most frequent class has an accuracy of {accuracy:.3f}."
