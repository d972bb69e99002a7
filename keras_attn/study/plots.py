"""The pictures of a comparison: what each seed gave, and how it was learned.

Figures are made without pyplot, so that nothing of the caller's is drawn into or kept open.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from keras_attn.study.metrics import METRICS
from keras_attn.study.statistics import mean_interval, metrics_of
from keras_attn.study.trial import BASELINE


@dataclass(frozen=True)
class Palette:
    """The colours of a figure."""

    text: str = "#1f2933"
    faint: str = "#9aa5b1"
    grid: str = "#e4e7eb"
    accent: str = "#2563eb"


def plot_results(results: pd.DataFrame, palette: Palette | None = None) -> Figure:
    """A panel a metric, all topologies in each; see `draw_metric`.

    Args:
        results: One row a trial, as `Comparison.results`.
        palette: The colours.
    """
    metrics = metrics_of(results)
    height = 1.3 + 0.42 * results["topology"].nunique()
    figure = Figure(figsize=(4.2 * len(metrics), height), layout="constrained")
    for axes, metric in zip(np.ravel(figure.subplots(1, len(metrics))), metrics, strict=True):
        draw_metric(axes, results, metric, palette or Palette())
    return figure


def draw_metric(axes: Axes, results: pd.DataFrame, metric: str, palette: Palette) -> None:
    """A dot a seed, a diamond at the mean, a line over the 95 % interval; baseline on top.

    The interval of two or three seeds can be wider than everything there is to see. The axis
    keeps to the values, with some room, and the line then runs out of the picture.
    """
    topologies = list(results["topology"].unique())
    for row, topology in enumerate(topologies):
        values = results.loc[results["topology"] == topology, metric].to_numpy("float64")
        colour = palette.text if topology == BASELINE else palette.accent
        mean, low, high = mean_interval(values)
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
    _style(axes, palette)
    axes.grid(axis="x", color=palette.grid, linewidth=0.8)


def draw_curves(axes: Axes, curves: pd.DataFrame, topology: str, palette: Palette) -> None:
    """Validation AUC by epoch, a line a seed, over those of the baseline."""
    colours = {BASELINE: palette.faint, topology: palette.accent}
    for name, colour in colours.items():
        for _, curve in curves[curves["topology"] == name].groupby("seed"):
            axes.plot(curve["epoch"], curve["val_auc"], color=colour, linewidth=1.6, alpha=0.85)
            if len(curve) == 1:
                axes.plot(curve["epoch"], curve["val_auc"], "o", color=colour, markersize=4)
    axes.set_xlim(1, max(2, int(curves["epoch"].max())))
    axes.set_ylim(_limits(curves["val_auc"], (0, 1), 0.05))
    axes.xaxis.set_major_locator(MaxNLocator(5, integer=True))
    axes.yaxis.set_major_locator(MaxNLocator(4))
    axes.set_title(topology, loc="left", color=palette.text, fontsize=11, pad=8)
    _style(axes, palette)
    axes.grid(color=palette.grid, linewidth=0.8)


def _limits(
    values: pd.Series, bounds: tuple[float, float], room: float
) -> tuple[float, float] | None:
    """The ends of an axis: the values, and room as a share of their spread, within bounds."""
    values = values.dropna()
    if not len(values):
        return None
    low, high = float(values.min()), float(values.max())
    space = max(room * (high - low), 0.002)
    edge = 0.02 * (high - low + 2 * space)  # half of a marker that lies on the bound
    return max(low - space, bounds[0] - edge), min(high + space, bounds[1] + edge)


def _style(axes: Axes, palette: Palette) -> None:
    axes.set_facecolor("none")
    axes.set_axisbelow(True)
    axes.spines[:].set_visible(False)
    axes.tick_params(length=0, labelcolor=palette.text, labelsize=10)
