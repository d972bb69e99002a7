"""Figures for notebooks.

Figures are made without pyplot, as everywhere in this package; a notebook that says
`%matplotlib inline` shows them.
"""

from __future__ import annotations

import textwrap
from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator, PercentFormatter

from keras_attn.data.dataset import Dataset
from keras_attn.study.gate_pictures import draw_gates
from keras_attn.study.plots import Palette
from keras_attn.tutorial.tables import confusion
from keras_attn.tutorial.training import Run
from keras_attn.visualize.drawing import displayable

PALETTE = Palette()

#: The colours of trainings, in their order.
COLOURS = (PALETTE.text, PALETTE.accent, "#d97706", "#059669", "#7c3aed")

#: More classes than this are drawn without their names and numbers.
NAMED = 20


def show_images(
    dataset: Dataset, classes: Sequence[str] | None = None, each: int = 3, columns: int = 10
) -> Figure:
    """A few training images of each class.

    Args:
        dataset: The images.
        classes: Which classes, by name; if None the first ten or, of at most twenty, all.
        each: How many images of a class, below each other.
        columns: Classes beside each other; what does not fit comes below.

    Raises:
        ValueError: If there is no class with such a name.
    """
    names = list(dataset.class_names)
    chosen = names[: NAMED if len(names) <= NAMED else 10] if classes is None else list(classes)
    if unknown := [name for name in chosen if name not in names]:
        raise ValueError(f"{dataset.name} has no class {', '.join(map(repr, unknown))}.")
    columns = min(columns, len(chosen))
    bands = -(-len(chosen) // columns)
    figure = Figure(figsize=(1.15 * columns, bands * (1.1 * each + 0.5)), layout="constrained")
    grid = figure.subplots(bands * each, columns, squeeze=False)
    for axes in grid.flat:
        axes.axis("off")
    images, labels = dataset.train
    for place, name in enumerate(chosen):
        band, column = divmod(place, columns)
        index = names.index(name)
        members = labels[:, index] == 1 if labels.ndim == 2 else labels == index
        for row, image in enumerate(images[np.flatnonzero(members)[:each]]):
            axes = grid[band * each + row, column]
            axes.imshow(displayable(image), cmap="gray", vmin=0, vmax=1, interpolation="nearest")
        title = textwrap.fill(textwrap.shorten(name, 34, placeholder=" …"), 13)
        grid[band * each, column].set_title(title, fontsize=7, color=PALETTE.text)
    return figure


def show_balance(dataset: Dataset) -> Figure:
    """The share of each class in each split.

    Args:
        dataset: The images. Of a multi-label set, the shares of the labels do not sum to one.
    """
    names = dataset.class_names
    rows = len(names) if len(names) <= NAMED else NAMED // 2
    figure = Figure(figsize=(7, 1.2 + 0.26 * rows), layout="constrained")
    axes = figure.subplots()
    places = np.arange(len(names))
    for part, colour, marker in (
        ("train", PALETTE.accent, None),
        ("val", PALETTE.faint, "o"),
        ("test", PALETTE.text, "D"),
    ):
        labels = getattr(dataset, part).labels
        counts = labels.sum(axis=0) if labels.ndim == 2 else np.bincount(labels, None, len(names))
        shares = counts / len(labels)
        title = f"{part} ({len(labels):,})"
        if marker is None:
            axes.barh(places, shares, color=colour, alpha=0.45, label=title)
        else:
            axes.plot(shares, places, marker, color=colour, markersize=5, label=title)
    if len(names) <= NAMED:
        axes.set_yticks(places, [textwrap.shorten(name, 40, placeholder=" …") for name in names])
    axes.invert_yaxis()
    axes.set_xlim(left=0)
    axes.xaxis.set_major_formatter(PercentFormatter(1))
    axes.set_xlabel("share of the images")
    _plain(axes)
    axes.legend(frameon=False, fontsize=8, ncols=3, loc="lower left", bbox_to_anchor=(0, 1))
    return figure


def show_curves(runs: Mapping[str, Run]) -> Figure:
    """The losses and the validation AUC of trainings, epoch by epoch.

    Args:
        runs: Trainings by name.
    """
    figure = Figure(figsize=(9, 3), layout="constrained")
    losses, scores = figure.subplots(1, 2)
    for place, (name, run) in enumerate(runs.items()):
        colour, history = COLOURS[place % len(COLOURS)], run.history
        marker = "o" if len(history) == 1 else None
        losses.plot(history["loss"], color=colour, marker=marker, label=f"{name}, training")
        losses.plot(history["val_loss"], "--", color=colour, marker=marker, label="validation")
        scores.plot(history["val_score"], color=colour, marker=marker, label=name)
        if (best := run.trial.best) is not None:
            scores.plot([best.epoch], [best.val_score], "D", color=colour, markersize=6)
    losses.set_title("Loss", loc="left", fontsize=10)
    scores.set_title("AUC on the validation images; a diamond is kept", loc="left", fontsize=10)
    for axes in (losses, scores):
        axes.set_xlabel("epoch")
        axes.xaxis.set_major_locator(MaxNLocator(6, integer=True))
        axes.legend(frameon=False, fontsize=8)
        _plain(axes)
    return figure


def show_confusion(run: Run) -> Figure:
    """Test images by class and by answer; the colour is the share of the class.

    Args:
        run: A training on a task with one class per image.

    Raises:
        ValueError: If the task is multi-label.
    """
    table = confusion(run)
    names = run.dataset.class_names
    shares = table / np.maximum(table.sum(axis=1, keepdims=True), 1)
    side = 1.6 + 0.5 * min(len(names), 10)
    figure = Figure(figsize=(side + 0.8, side), layout="constrained")
    axes = figure.subplots()
    image = axes.imshow(shares, cmap="Blues", vmin=0, vmax=1)
    axes.set_xlabel("answer")
    axes.set_ylabel("class")
    if len(names) <= NAMED:
        short = [textwrap.shorten(name, 24, placeholder=" …") for name in names]
        axes.set_xticks(range(len(names)), short, rotation=45, ha="right", fontsize=8)
        axes.set_yticks(range(len(names)), short, fontsize=8)
        for (row, column), count in np.ndenumerate(table):
            colour = "white" if shares[row, column] > 0.6 else PALETTE.text
            axes.text(column, row, str(count), ha="center", va="center", fontsize=7, color=colour)
    figure.colorbar(image, ax=axes, fraction=0.046, format=PercentFormatter(1))
    return figure


def show_gates(run: Run) -> Figure:
    """A few test images, and what the spatial gates of a network let through.

    Args:
        run: A training of a network with attention.

    Raises:
        ValueError: If no gate of the network varies over the image.
    """
    figure = draw_gates(run.model, run.dataset, PALETTE)
    if figure is None:
        raise ValueError(
            f"No gate of {run.topology!r} varies over the image. For channel gates, see "
            "`keras_attn.visualize.gate_maps`."
        )
    return figure


def _plain(axes: Axes) -> None:
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(axis="x", color=PALETTE.grid, linewidth=0.8)
    axes.set_axisbelow(True)
    axes.tick_params(labelsize=8, labelcolor=PALETTE.text)
