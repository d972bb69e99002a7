"""The picture of the replication: every test of a claim as a difference with its interval."""

from __future__ import annotations

import pandas as pd
from matplotlib.figure import Figure

from benchmarks.claims import WORDS
from docs.themed import themed_figure
from keras_attn.guideline.evidence import Finding
from keras_attn.study.inline_pictures import PAGE_PALETTE
from keras_attn.study.plots import draw_forest
from keras_attn.study.question import HEADLINE, Question

CAPTION = (
    "Differences in AUC that the claims say are positive, with 95 % intervals over trainings, and "
    "over test images too where ten seeds were trained; the band is the margin. Blue: refuted "
    "within the margin; green: supported; red: contradicted; hollow: undecided."
)


def picture(found: list[tuple[Finding, bool]]) -> str:
    """A figure for the page, in the colours of its theme.

    Args:
        found: The findings, and whether the claim applies; those to which it applies are shown.
    """
    verdicts = {word: verdict for verdict, word in WORDS.items()}
    name = f"{HEADLINE}_difference"
    table = pd.DataFrame(
        {
            f"{finding.claim}: {_short(finding.contrast)}, "
            f"{finding.dataset} {finding.num_samples:,}": {
                name: finding.difference,
                f"{name}_low": finding.low,
                f"{name}_high": finding.high,
                "combined_low": float("nan"),
                "combined_high": float("nan"),
                "verdict": verdicts[finding.verdict],
            }
            for finding, applies in found
            if applies
        }
    ).T
    return themed("replication", table, CAPTION)


def themed(name: str, table: pd.DataFrame, caption: str) -> str:
    """A forest plot for a page, in the colours of its theme.

    Args:
        name: A name for the picture that no other has.
        table: Differences, intervals and verdicts, as `draw_forest` takes them.
        caption: What it shows.
    """
    return themed_figure(name, drawn(table), caption)


def drawn(table: pd.DataFrame) -> Figure:
    """A forest plot in the colours of `PAGE_PALETTE`.

    Args:
        table: Differences, intervals and verdicts, as `draw_forest` takes them.
    """
    figure = Figure(figsize=(8.5, 0.8 + 0.27 * len(table)), layout="constrained")
    axes = figure.subplots()
    draw_forest(axes, table, Question(), PAGE_PALETTE)
    axes.set_xlabel("difference in AUC", color=PAGE_PALETTE.text, fontsize=9)
    return figure


def _short(contrast: str) -> str:
    """The first side of a contrast, without the other topologies that it is compared with."""
    first = contrast.partition(" over ")[0]
    return f"{first.partition(',')[0]} and others" if "," in first else first
