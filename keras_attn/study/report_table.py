"""The table of results and the verdicts of a report, as text."""

from __future__ import annotations

import numpy as np
import pandas as pd

from keras_attn.study.control import BASELINE, is_control, meaning
from keras_attn.study.question import Question
from keras_attn.study.wording import number, p_text, seeds_text, signed, variants_of

#: Where the ends of an interval of times differ by a larger factor, it says nothing and is left
#: out: two trainings on a busy machine have intervals such as 0.00 to 40,000.
WIDEST = 10


def verdicts(summary: pd.DataFrame, question: Question) -> list[dict[str, str]]:
    """The verdict on each topology, with its difference and its interval."""
    name = f"{question.headline}_difference"
    return [
        {
            "topology": str(key),
            "word": row["verdict"],
            "difference": signed(row[name]),
            "interval": ends(row, "combined" if has_both(row) else name),
        }
        for key, row in variants_of(summary).iterrows()
    ]


def table_row(
    topology: str, row: pd.Series, metrics: list[str], question: Question
) -> dict[str, object]:
    """The cells of a network."""
    difference = f"{question.headline}_difference"
    return {
        "topology": topology,
        "meaning": meaning(topology),
        "seeds": int(row["n"]),
        "lost": _lost(row),
        "cells": [(number(row[metric]), ends(row, metric)) for metric in metrics],
        "difference": (
            signed(row[difference]),
            "" if topology == BASELINE else ends(row, difference),
            ends(row, "combined") if has_both(row) else "",
        ),
        "test": _test(topology, row),
        "best": "" if np.isnan(row["best_probability"]) else _percent(row["best_probability"]),
        "needed": _needed(row),
        "parameters": f"{int(row['parameters']):,}",
        "macs": f"{row['macs'] / 1e6:,.1f} M",
        "step": (f"{1000 * row['seconds_per_step']:.1f} ms", *_slowdown(topology, row)),
    }


def _slowdown(topology: str, row: pd.Series) -> tuple[str, str]:
    """The time of a step over that without attention, and the ends of its interval."""
    if topology == BASELINE or np.isnan(row["slowdown"]):
        return "", ""
    low, high = row["slowdown_low"], row["slowdown_high"]
    if np.isnan(low):
        interval = ""
    elif high > WIDEST * low:
        interval = "uncertain"
    else:
        interval = ends(row, "slowdown", digits=2)
    return f"× {row['slowdown']:.2f}", interval


def _test(topology: str, row: pd.Series) -> tuple[str, str]:
    """The cell of the corrected tests; empty for networks that topologies are compared with."""
    if is_control(topology):
        return "", ""
    differs, equivalent = (p_text(row[name]) for name in ("p_corrected", "p_equivalent"))
    return row["verdict"], f"difference {differs}, equivalence {equivalent}"


def _percent(share: float) -> str:
    """A probability in words, without digits that the draws do not support."""
    if share < 0.005:
        return "best: under 1\N{NO-BREAK SPACE}%"
    return f"best: {min(share, 0.99):.0%}".replace("%", "\N{NO-BREAK SPACE}%")


def _needed(row: pd.Series) -> str:
    """What would decide an undecided topology: seeds, or test images if seeds alone cannot."""
    if np.isfinite(row["images_needed"]):
        return f"{row['images_needed']:,.1f} times the test images"
    return "" if np.isnan(row["seeds_needed"]) else seeds_text(row["seeds_needed"])


def has_both(row: pd.Series) -> bool:
    """Whether there is an interval over trainings and test images."""
    return bool(np.isfinite(row["combined_low"]))


def ends(row: pd.Series, name: str, digits: int = 3) -> str:
    """An interval in words; a dash if there is none."""
    low, high = row[f"{name}_low"], row[f"{name}_high"]
    if not (np.isfinite(low) and np.isfinite(high)):
        return "–"
    return f"{low:z.{digits}f} to {high:z.{digits}f}".replace("-", "−")


def _lost(row: pd.Series) -> str:
    """How many trials have no scores."""
    counts = ((int(row[name]), name) for name in ("diverged", "failed"))
    return ", ".join(f"{count} {name}" for count, name in counts if count)
