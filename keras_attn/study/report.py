"""The report of a comparison: one HTML file that needs nothing else."""

from __future__ import annotations

import io
import platform
import re
from collections.abc import Callable
from datetime import datetime
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

import jinja2
import keras
import numpy as np
import pandas as pd
from markupsafe import Markup
from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.figure import Figure

import keras_attn
from keras_attn import catalogue
from keras_attn.study.metrics import METRICS
from keras_attn.study.plots import Palette, draw_curves, draw_metric
from keras_attn.study.statistics import metrics_of
from keras_attn.study.trial import BASELINE

if TYPE_CHECKING:
    from keras_attn.study.comparison import Comparison

#: Colours that stand for the page's own, so that the pictures follow light and dark.
PAGE_COLOURS = {
    "#010203": "var(--text)",
    "#040506": "var(--faint)",
    "#070809": "var(--line)",
    "#0a0b0c": "var(--accent)",
}
PAGE_PALETTE = Palette(*PAGE_COLOURS)

#: Metrics that the sentence at the top and the differences in the table speak of.
HEADLINE = "auc"


def write_report(comparison: Comparison, path: Path) -> None:
    """Writes the report.

    Args:
        comparison: What to report.
        path: The file.
    """
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=jinja2.StrictUndefined,
    )
    page = environment.get_template("report.html.jinja").render(content(comparison))
    path.write_text(page, encoding="utf-8")


def content(comparison: Comparison) -> dict[str, Any]:
    """Everything that the template shows, in words and pictures."""
    results, summary, curves = comparison.results, comparison.summary(), comparison.curves
    metrics = metrics_of(results)
    return {
        "title": f"Attention on {comparison.dataset.name}",
        "answer": answer(comparison, summary),
        "caution": caution(summary),
        "metrics": [METRICS[metric].title for metric in metrics],
        "rows": [
            _table_row(topology, summary.loc[topology], metrics) for topology in summary.index
        ],
        "plots": [
            svg(metric, (4.2, 1.0 + 0.42 * len(summary)), draw_metric, results, metric)
            for metric in metrics
        ],
        "curves": [
            svg(f"curve-{topology}", (3.4, 2.3), draw_curves, curves, topology)
            for topology in summary.index
            if topology != BASELINE or len(summary) == 1
        ],
        "details": details(comparison),
        "command": comparison.command,
        "versions": versions(),
        "date": datetime.now().astimezone().strftime("%d %B %Y, %H:%M %Z"),
    }


def answer(comparison: Comparison, summary: pd.DataFrame) -> str:
    """What was found in one sentence, without a ranking."""
    baseline = float(summary[HEADLINE][BASELINE])
    attended = summary.drop(index=BASELINE)[HEADLINE].dropna()
    seeds = comparison.results["seed"].nunique()
    start = (
        f"Trained on {len(comparison.dataset.train.images):,} images with "
        f"{f'{seeds} seeds' if seeds > 1 else 'one seed'}, {comparison.backbone} without attention "
    )
    if not np.isfinite(baseline):
        return start + "gave no result."
    start += (
        f"reached {'a mean' if seeds > 1 else 'an'} AUC of {number(baseline)} on the test images"
    )
    if not len(attended):
        return start + "."
    if len(attended) == 1:
        return f"{start}; with {attended.index[0]} it was {number(attended.iloc[0])}."
    low, high = number(attended.min()), number(attended.max())
    found = f"was {low} each time" if low == high else f"lay between {low} and {high}"
    return f"{start}; with the {len(attended)} topologies it {found}."


def caution(summary: pd.DataFrame) -> str:
    """What may not be read into it."""
    seeds = int(summary["n"].max())
    text = (
        "Whether the differences are more than chance has not been tested. "
        "No topology is ranked above another here."
    )
    if seeds < 2:
        text += " One seed gives no interval: run at least three."
    elif seeds < 5:
        text += f" The intervals are as wide as {seeds} seeds leave them; more seeds narrow them."
    if summary["diverged"].any():
        text += (
            " Trials whose loss stopped being a number are counted as diverged, and are in no mean."
        )
    return text


def details(comparison: Comparison) -> dict[str, str]:
    """The configuration, and what the images are."""
    data, config = comparison.dataset, comparison.config
    splits = (("training", data.train), ("validation", data.val), ("test", data.test))
    facts = {
        "Data set": data.name,
        "Task": f"{data.task}, {len(data.class_names)} classes: {'; '.join(data.class_names)}",
        "Images": ", ".join(f"{len(split.images):,} {name}" for name, split in splits),
        "Size": " × ".join(map(str, data.image_shape)),
        "Licence of the images": data.licence or "not stated",
        "Source of the images": data.source or "not stated",
        "Network": f"{comparison.backbone}, attention at the end of every block's branch",
        "Published in": ", ".join(_sources(comparison.results["topology"])),
        "Seeds": ", ".join(str(seed) for seed in dict.fromkeys(comparison.results["seed"])),
        "Epochs": f"{config.epochs}; judged at the one with the best validation AUC",
        "Batch size": str(config.batch_size),
        "Optimiser": f"AdamW, learning rate {config.learning_rate:g} with cosine decay, "
        f"weight decay {config.weight_decay:g}",
        "Augmentation": _augmentation(config.shift, config.flip),
    }
    return {name: value for name, value in facts.items() if value}


def versions() -> dict[str, str]:
    """Of everything that the numbers depend on."""
    backend = keras.backend.backend()
    module = import_module(backend)  # Keras calls its backends what their packages are called
    return {
        "keras-attn": keras_attn.__version__,
        "Keras": keras.__version__,
        f"{backend} (backend)": str(getattr(module, "__version__", "unknown")),
        "NumPy": np.__version__,
        "Python": platform.python_version(),
        "Machine": f"{platform.system()} {platform.machine()}",
    }


def svg(name: str, size: tuple[float, float], draw: Callable[..., None], *arguments: Any) -> Markup:
    """An inline picture in the colours of the page.

    Args:
        name: Tells its internal references from those of the other pictures.
        size: Width and height in inches.
        draw: Draws on given axes, from the arguments and a palette.
        *arguments: For `draw`, between the axes and the palette.
    """
    buffer = io.StringIO()
    with rc_context({"svg.fonttype": "none", "svg.hashsalt": name}):
        figure = Figure(figsize=size, layout="constrained")
        axes: Axes = figure.subplots()
        draw(axes, *arguments, PAGE_PALETTE)
        nothing = dict.fromkeys(("Creator", "Date", "Format", "Type"))
        figure.savefig(buffer, format="svg", transparent=True, metadata=nothing)
    text = buffer.getvalue()
    text = text[text.index("<svg") :]
    text = re.sub(r"<g id=\"[^\"]*\"", "<g", text)  # the same in every picture, and unused
    for colour, variable in PAGE_COLOURS.items():
        text = text.replace(colour, variable)
    return Markup(text)


def number(value: float) -> str:
    """Three decimals, or a dash for what is not known."""
    return f"{value:.3f}" if np.isfinite(value) else "–"


def signed(value: float) -> str:
    """A difference with its sign, which a zero has none of, or a dash."""
    if not np.isfinite(value):
        return "–"
    return f"{value:+.3f}".replace("-", "−") if round(value, 3) else "0.000"


def _table_row(topology: str, row: pd.Series, metrics: list[str]) -> dict[str, Any]:
    return {
        "topology": topology,
        "meaning": "without attention"
        if topology == BASELINE
        else catalogue.describe(topology).formula,
        "seeds": int(row["n"]),
        "diverged": int(row["diverged"]),
        "cells": [(number(row[metric]), _ends(row, metric)) for metric in metrics],
        "difference": (
            signed(row[f"{HEADLINE}_difference"]),
            "" if topology == BASELINE else _ends(row, f"{HEADLINE}_difference"),
        ),
        "parameters": f"{int(row['parameters']):,}",
        "seconds": f"{row['seconds_per_epoch']:.2f}",
    }


def _ends(row: pd.Series, name: str) -> str:
    low, high = row[f"{name}_low"], row[f"{name}_high"]
    if not (np.isfinite(low) and np.isfinite(high)):
        return "–"
    return f"{low:.3f} to {high:.3f}".replace("-", "−")


def _sources(topologies: pd.Series) -> list[str]:
    """Where the topologies were published, each place once."""
    keys = [key for key in topologies if key != BASELINE]
    return list(dict.fromkeys(catalogue.describe(key).source for key in keys))


def _augmentation(shift: int, flip: bool) -> str:
    kinds = [f"shifts by up to {shift} pixels"] if shift else []
    kinds += ["mirrored left to right"] if flip else []
    return " and ".join(kinds) or "none"
