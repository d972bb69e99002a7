"""The pictures of errors: ROC curves, reliability, confusions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from keras_attn.study.control import is_control
from keras_attn.study.outcomes import RATES, Outcome
from keras_attn.study.plots import Palette, shortened, style

#: The longest name of a class beside a confusion matrix.
LONGEST = 14


def draw_roc(axes: Axes, outcomes: Mapping[str, Outcome], palette: Palette) -> None:
    """One ROC curve per network, the mean over classes and seeds."""
    for name, each in outcomes.items():
        axes.plot(RATES, each.sensitivity, **_line(name, palette))
    _diagonal(axes, palette, "False positive rate", "True positive rate")
    _legend(axes, palette)


def draw_reliability(axes: Axes, outcomes: Mapping[str, Outcome], palette: Palette) -> None:
    """Accuracy by confidence; a calibrated network is on the diagonal."""
    for name, each in outcomes.items():
        axes.plot(each.confidence, each.accuracy, marker="o", markersize=3, **_line(name, palette))
    _diagonal(axes, palette, "Confidence", "Accuracy")
    _legend(axes, palette)


def draw_confusion(
    axes: Axes, title: str, confusion: np.ndarray, names: Sequence[str], palette: Palette
) -> None:
    """The share of each true class (row) that is predicted as each class (column)."""
    count = len(confusion)
    for row, column in np.ndindex(count, count):
        share = confusion[row, column]
        colour = palette.accent if row == column else palette.worse
        axes.fill_between(
            [column - 0.5, column + 0.5],
            row - 0.5,
            row + 0.5,
            color=colour,
            alpha=0.75 * share,
            linewidth=0,
        )
        if count <= 12 and share >= 0.005:
            text = f"{100 * share:.0f}"
            axes.text(column, row, text, ha="center", va="center", fontsize=8, color=palette.text)
    axes.set_xlim(-0.5, count - 0.5)
    axes.set_ylim(count - 0.5, -0.5)
    labels = [shortened(name, LONGEST) for name in names]
    axes.set_xticks(range(count), labels, rotation=90)
    axes.set_yticks(range(count), labels)
    axes.set_title(title, loc="left", color=palette.text, fontsize=11, pad=8)
    axes.set_xlabel("predicted", color=palette.text, fontsize=9)
    axes.set_ylabel("true", color=palette.text, fontsize=9)
    style(axes, palette)
    axes.tick_params(labelsize=8)


def _line(name: str, palette: Palette) -> dict:
    control = is_control(name)
    return {
        "color": palette.text if control else None,
        "linewidth": 1.4,
        "linestyle": "--" if control else "-",
        "label": shortened(name),
    }


def _diagonal(axes: Axes, palette: Palette, across: str, up: str) -> None:
    axes.plot([0, 1], [0, 1], color=palette.faint, linewidth=1, linestyle=(0, (4, 3)), zorder=0)
    axes.set_xlim(-0.02, 1.02)
    axes.set_ylim(-0.02, 1.02)
    axes.set_xlabel(across, color=palette.text, fontsize=9)
    axes.set_ylabel(up, color=palette.text, fontsize=9)
    axes.xaxis.set_major_locator(MaxNLocator(5))
    axes.yaxis.set_major_locator(MaxNLocator(5))
    style(axes, palette)
    axes.grid(color=palette.grid, linewidth=0.8)


def _legend(axes: Axes, palette: Palette) -> None:
    legend = axes.legend(loc="lower right", fontsize=8, frameon=False)
    for text in legend.get_texts():
        text.set_color(palette.text)
