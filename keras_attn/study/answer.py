"""The answer of a group of trials in one sentence: what was decided, and what it costs."""

from __future__ import annotations

import numpy as np
import pandas as pd

from keras_attn.study.control import BASELINE
from keras_attn.study.inference import LEVEL
from keras_attn.study.question import Question
from keras_attn.study.slowdown import is_told, told
from keras_attn.study.verdicts import BETTER, EQUIVALENT, LEAST_SEEDS, UNDECIDED, WORSE
from keras_attn.study.wording import listed, number, seeds_text, signed, variants_of

#: The largest number of names that a sentence lists; beyond it, it gives their number.
MOST_NAMES = 3


def answer(summary: pd.DataFrame, question: Question) -> str:
    """The answer of a group, in one sentence; the first word says it alone.

    Args:
        summary: The summary of the group.
        question: The metric and the margin of the verdicts.
    """
    compared = variants_of(summary)
    if BASELINE not in summary.index or not np.isfinite(summary[question.headline][BASELINE]):
        return "No result: no training without attention has scores."
    if not len(compared):
        reached = number(summary[question.headline][BASELINE])
        return f"Nothing was compared: no attention reached {question.title} {reached}."
    macs = float(summary["macs"][BASELINE])
    parts = [
        _part(word, compared[compared["verdict"] == word], macs, question)
        for word in (BETTER, WORSE, EQUIVALENT, UNDECIDED)
    ]
    return f"{_opening(compared)}: {'; '.join(filter(None, parts))}."


def _opening(compared: pd.DataFrame) -> str:
    verdicts = set(compared["verdict"])
    if BETTER in verdicts:
        return "Benefit"
    if verdicts == {UNDECIDED}:
        return "Undecided"
    return "No benefit shown" if UNDECIDED in verdicts else "No benefit"


def _part(word: str, rows: pd.DataFrame, macs: float, question: Question) -> str:
    """The clause on the variants that have the same verdict."""
    if not len(rows):
        return ""
    many = len(rows) > 1
    subject = f"{_names(rows)} {'are' if many else 'is'}"
    unit = question.title
    if word == UNDECIDED:
        return f"{subject} undecided{_what_would_decide(rows)}"
    if word == EQUIVALENT:
        found = f"{subject} equivalent to no attention within {question.margin:g} {unit}"
        smaller = rows[rows["p_corrected"] < LEVEL]
        if len(smaller):
            found += f" (a smaller difference is shown: {_sizes(smaller, question)})"
    elif many:
        found = f"{subject} {word} than no attention in {unit} ({_sizes(rows, question)})"
    else:
        size = abs(rows.iloc[0][f"{question.headline}_difference"])
        found = f"{subject} {word} than no attention by {number(size)} {unit}"
    return found + _cost(rows, macs)


def _sizes(rows: pd.DataFrame, question: Question) -> str:
    """The differences, each with its variant if there are several."""
    differences = rows[f"{question.headline}_difference"]
    if len(rows) > MOST_NAMES:
        return f"{signed(differences.min())} to {signed(differences.max())}"
    if len(rows) == 1:
        return f"{differences.index[0]} {signed(differences.iloc[0])}"
    return ", ".join(f"{key} {signed(value)}" for key, value in differences.items())


def _cost(rows: pd.DataFrame, macs: float) -> str:
    """What the variants cost in time, after their verdict, as far as the timings tell it."""
    known = rows[is_told(rows, macs)]
    if not len(known):
        return ", and the timings vary too much to tell the cost"
    verb = "take" if len(known) > 1 else "takes"
    if len(known) == len(rows):
        return f" and {verb} {told(known, macs)}"
    some = _names(known) if len(known) <= MOST_NAMES else f"{len(known)} of them"
    return f", and {some} {verb} {told(known, macs)} (the other timings vary too much)"


def _names(rows: pd.DataFrame) -> str:
    """The variants, or how many they are."""
    return listed([*map(str, rows.index)]) if len(rows) <= MOST_NAMES else f"{len(rows)} variants"


def _what_would_decide(rows: pd.DataFrame) -> str:
    """How many more seeds would decide, after the word undecided."""
    seeds = int(rows["n"].min())
    if seeds < LEAST_SEEDS:
        count = "one seed" if seeds == 1 else f"{seeds} seeds"
        return f" with {count}, because a verdict needs at least {LEAST_SEEDS}"
    needed, images = rows["seeds_needed"].max(), rows["images_needed"].max()
    if np.isfinite(images):
        return (
            f" with {seeds} seeds and these test images: about {images:,.1f} times as many test "
            "images would be needed"
        )
    if not np.isfinite(needed):
        return ""
    more = seeds_text(needed - seeds)
    if len(rows) > 1:
        condition = "them if the differences are what they seem to be"
    else:
        condition = "it if the difference is what it seems to be"
    return f" with {seeds} seeds, and {more} more would decide {condition}"
