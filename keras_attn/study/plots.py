"""The pictures of a study: scores of every seed, differences, costs, ranks, learning curves.

Figures are made without pyplot, so that figures of the caller are neither drawn into nor kept open.
"""

from __future__ import annotations

import textwrap
from dataclasses import dataclass

import numpy as np
import pandas as pd
from adjustText import adjust_text
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import EngFormatter, MaxNLocator
from scikit_posthocs import critical_difference_diagram

from keras_attn.study.control import BASELINE, is_control
from keras_attn.study.inference import LEVEL, mean_interval
from keras_attn.study.question import Question
from keras_attn.study.ranking import Ranking
from keras_attn.study.summary import metrics_of
from keras_attn.study.verdicts import BETTER, EQUIVALENT, WORSE
from keras_attn.tasks.metrics import METRICS

#: Characters of a title that fit over a small panel.
PANEL_WIDTH = 36


@dataclass(frozen=True)
class Palette:
    """The colours of a figure."""

    text: str = "#1f2933"
    faint: str = "#9aa5b1"
    grid: str = "#e4e7eb"
    accent: str = "#2563eb"
    better: str = "#15803d"
    worse: str = "#b91c1c"
    band: str = "#dbe7fd"

    def of_verdict(self, verdict: str) -> str:
        """The colour of a verdict."""
        colours = {BETTER: self.better, WORSE: self.worse, EQUIVALENT: self.accent}
        return colours.get(verdict, self.text)


def plot_results(groups: dict[str, pd.DataFrame], palette: Palette | None = None) -> Figure:
    """One column of panels per metric and one row per group; see `draw_metric`.

    Args:
        groups: By the title of the group, a table with one row per trial.
        palette: The colours.
    """
    palette = palette or Palette()
    metrics = metrics_of(next(iter(groups.values())))
    heights = [1.3 + 0.42 * results["topology"].nunique() for results in groups.values()]
    size = (4.2 * len(metrics), sum(heights))
    figure = Figure(figsize=size, layout="constrained")
    rows = figure.subplots(
        len(groups), len(metrics), squeeze=False, gridspec_kw={"height_ratios": heights}
    )
    for panels, (title, results) in zip(rows, groups.items(), strict=True):
        for axes, metric in zip(panels, metrics, strict=True):
            draw_metric(axes, results, metric, palette)
        if len(groups) > 1:
            panels[0].set_ylabel(literal(title), color=palette.text, fontsize=11)
    return figure


def draw_metric(axes: Axes, results: pd.DataFrame, metric: str, palette: Palette) -> None:
    """A dot per seed, a diamond at the mean, a line for the 95 % interval; the baseline on top.

    The interval of two or three seeds can be much wider than the range of the values. The axis
    covers the values and some space around them, and cuts off lines that are longer.
    """
    topologies = list(results["topology"].unique())
    for row, topology in enumerate(topologies):
        values = results.loc[results["topology"] == topology, metric].to_numpy("float64")
        colour = palette.text if is_control(topology) else palette.accent
        mean, low, high = mean_interval(values, bounds=METRICS[metric].bounds)
        axes.plot([low, high], [row, row], color=colour, linewidth=2, solid_capstyle="butt")
        axes.plot(values, np.full(len(values), row), "o", color=colour, alpha=0.45, markersize=5)
        axes.plot([mean], [row], "D", color=colour, markersize=7)
        if topology == BASELINE and np.isfinite(mean):
            axes.axvline(mean, color=palette.faint, linewidth=1, linestyle=(0, (4, 3)), zorder=0)
    axes.set_xlim(_limits(results[metric], METRICS[metric].bounds, 0.8))
    axes.set_yticks(range(len(topologies)), topologies)
    axes.set_ylim(len(topologies) - 0.5, -0.5)
    axes.xaxis.set_major_locator(MaxNLocator(5))
    axes.set_title(METRICS[metric].title, loc="left", color=palette.text, fontsize=11, pad=10)
    style(axes, palette)
    axes.grid(axis="x", color=palette.grid, linewidth=0.8)


def draw_forest(axes: Axes, summary: pd.DataFrame, question: Question, palette: Palette) -> None:
    """The difference of each network to the baseline, with its 95 % intervals.

    The thick line is the interval over trainings, the thin one with caps that over test images as
    well; with a few seeds, whose t-distribution is wide, that may be the shorter one. A band shows
    the margin. A mark is filled if there is a verdict, in the colour of the verdict.
    """
    rows = summary.drop(index=BASELINE, errors="ignore")
    columns = [f"{question.headline}_difference{end}" for end in ("", "_low", "_high")]
    margin = question.margin
    axes.axvspan(-margin, margin, color=palette.band, linewidth=0, zorder=-1)
    for place, (_, row) in enumerate(rows.iterrows()):
        mean, low, high = row[columns]
        decided = row["verdict"] in (BETTER, WORSE, EQUIVALENT)
        colour = palette.of_verdict(row["verdict"])
        wide = row[["combined_low", "combined_high"]].to_numpy("float64")
        if np.isfinite(wide).all():
            axes.plot(wide, [place, place], "|-", color=colour, linewidth=1, markersize=11)
        axes.plot([low, high], [place, place], color=colour, linewidth=3, solid_capstyle="butt")
        face = colour if decided else "none"
        axes.plot([mean], [place], "D", color=colour, markerfacecolor=face, markersize=8)
    axes.axvline(0, color=palette.faint, linewidth=1, linestyle=(0, (4, 3)), zorder=1)
    ends = rows[[*columns, "combined_low", "combined_high"]].to_numpy("float64")
    axes.set_xlim(*_around_zero(ends, margin))
    axes.set_yticks(range(len(rows)), list(rows.index))
    axes.set_ylim(len(rows) - 0.5, -0.5)
    axes.xaxis.set_major_locator(MaxNLocator(5))
    style(axes, palette)
    axes.grid(axis="x", color=palette.grid, linewidth=0.8)


def _around_zero(ends: np.ndarray, margin: float) -> tuple[float, float]:
    """Limits that show every mean, the margin, and intervals up to three times as far."""
    known = np.abs(ends[np.isfinite(ends)])
    means = np.abs(ends[:, 0][np.isfinite(ends[:, 0])])
    nearest = 3 * max(margin, float(means.max(initial=0)))
    reach = 1.15 * max(margin, min(nearest, float(known.max(initial=0))))
    return -reach, reach


def draw_effects(axes: Axes, effects: pd.DataFrame, palette: Palette) -> None:
    """The effect of each level with its 95 % interval, factor by factor."""
    labels, row = [], 0
    for factor, part in effects.groupby(level="factor", sort=False):
        for level, each in part.droplevel("factor").iterrows():
            axes.plot(
                [each["low"], each["high"]],
                [row, row],
                color=palette.accent,
                linewidth=3,
                solid_capstyle="butt",
            )
            axes.plot([each["effect"]], [row], "D", color=palette.accent, markersize=7)
            labels.append(f"{factor}: {shortened(str(level))}")
            row += 1
        axes.axhline(row - 0.5, color=palette.grid, linewidth=0.8)
    axes.axvline(0, color=palette.faint, linewidth=1, linestyle=(0, (4, 3)), zorder=1)
    axes.set_yticks(range(row), labels)
    axes.set_ylim(row - 0.5, -0.5)
    axes.xaxis.set_major_locator(MaxNLocator(5))
    style(axes, palette)
    axes.grid(axis="x", color=palette.grid, linewidth=0.8)


def draw_cost(
    axes: Axes, summary: pd.DataFrame, cost: str, metric: str, title: str, palette: Palette
) -> None:
    """A metric against a cost, with a mark and a name for each network."""
    known = summary[np.isfinite(summary[metric])]
    names = []
    for topology, row in known.iterrows():
        colour = palette.text if is_control(str(topology)) else palette.accent
        axes.plot([row[cost]], [row[metric]], "o", color=colour, markersize=6)
        name = shortened(str(topology))
        names.append(axes.text(row[cost], row[metric], name, color=colour, fontsize=9))
    axes.margins(x=0.25, y=0.2)
    axes.xaxis.set_major_locator(MaxNLocator(3))
    axes.xaxis.set_major_formatter(EngFormatter())
    axes.yaxis.set_major_locator(MaxNLocator(4))
    wrapped = textwrap.fill(title, PANEL_WIDTH)
    axes.set_title(wrapped, loc="left", color=palette.text, fontsize=11, pad=8)
    style(axes, palette)
    axes.grid(color=palette.grid, linewidth=0.8)
    if names:
        # Last, because it measures the names at their final places.
        lines = {"arrowstyle": "-", "color": palette.faint, "linewidth": 0.6}
        adjust_text(names, ax=axes, x=known[cost], y=known[metric], arrowprops=lines)


def draw_ranking(axes: Axes, ranking: Ranking, palette: Palette) -> None:
    """The mean ranks; a bar joins those that are not shown to differ (critical difference)."""
    critical_difference_diagram(
        ranking.ranks,
        ranking.pairs,
        alpha=LEVEL,
        ax=axes,
        label_props={"fontsize": 10},
        elbow_props={"color": palette.faint},
        crossbar_props={"color": palette.text},
    )
    for text in axes.texts:
        text.set_color(palette.text)
    axes.tick_params(labelcolor=palette.text, labelsize=10, color=palette.faint)
    axes.set_facecolor("none")
    axes.spines[:].set_color(palette.faint)


def shortened(name: str, length: int = 20) -> str:
    """A name that fits beside a point of a small panel; tables have the whole."""
    return name if len(name) <= length else f"{name[: length - 1]}…"


def draw_curves(axes: Axes, curves: pd.DataFrame, topology: str, palette: Palette) -> None:
    """Validation score by epoch, one line per seed, over the lines of the baseline."""
    colours = {BASELINE: palette.faint, topology: palette.accent}
    for name, colour in colours.items():
        for _, curve in curves[curves["topology"] == name].groupby("seed"):
            axes.plot(curve["epoch"], curve["val_score"], color=colour, linewidth=1.6, alpha=0.85)
            if len(curve) == 1:
                axes.plot(curve["epoch"], curve["val_score"], "o", color=colour, markersize=4)
    axes.set_xlim(1, max(2, int(curves["epoch"].max())))
    axes.set_ylim(_limits(curves["val_score"], (0, 1), 0.05))
    axes.xaxis.set_major_locator(MaxNLocator(5, integer=True))
    axes.yaxis.set_major_locator(MaxNLocator(4))
    axes.set_title(topology, loc="left", color=palette.text, fontsize=11, pad=8)
    style(axes, palette)
    axes.grid(color=palette.grid, linewidth=0.8)


def _limits(
    values: pd.Series, bounds: tuple[float, float], room: float
) -> tuple[float, float] | None:
    """The limits of an axis: the range of the values, plus a share of it, within the bounds."""
    values = values.dropna()
    if not len(values):
        return None
    low, high = float(values.min()), float(values.max())
    space = max(room * (high - low), 0.002)
    edge = 0.02 * (high - low + 2 * space)  # half of a marker at the bound
    return max(low - space, bounds[0] - edge), min(high + space, bounds[1] + edge)


def literal(text: str) -> str:
    """A text in which Matplotlib takes a dollar sign for itself, not for mathematics."""
    return text.replace("$", r"\$")


def style(axes: Axes, palette: Palette) -> None:
    """The look of all panels: no frame, and the colours of the page."""
    axes.set_facecolor("none")
    axes.set_axisbelow(True)
    axes.spines[:].set_visible(False)
    axes.tick_params(length=0, labelcolor=palette.text, labelsize=10)
