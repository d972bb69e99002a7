"""How inputs and maps are drawn: images with maps over them, slices of volumes, lines of signals.

Figures are made without pyplot, so that nothing of the caller's is drawn into or kept open.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

_LINE = "#2563eb"


@dataclass(frozen=True)
class Panel:
    """What is drawn beside an input.

    Attributes:
        title: Above it.
        values: A map with as many axes as the input has positions: (h, w), (d, h, w) or (l,). It
            is drawn over the input. Or one number per channel or branch, (n,).
        least_range: The smallest range of a map's colours: smaller differences look alike.
        bars: Whether the values are numbers per channel or branch, which are drawn as bars.
    """

    title: str
    values: np.ndarray
    least_range: float = 0.0
    bars: bool = False


def draw(
    images: np.ndarray,
    rows: list[list[Panel]],
    titles: Sequence[str] | None = None,
    text: str = "#1f2933",
) -> Figure:
    """One row per input: the input, and its panels.

    Of a volume, one slice is drawn: that with the largest mean of the last map, or the middle one
    if there is no map. Its title gives the number of the slice.

    Args:
        images: (N, H, W, channels), (N, D, H, W, channels) or (N, L, channels).
        rows: For each input the same number of panels.
        titles: Titles of the inputs.
        text: The colour of the text.
    """
    columns = 1 + max(map(len, rows))
    figure = Figure(figsize=(2.3 * columns, 2.5 * len(rows)), layout="constrained")
    grid = figure.subplots(len(rows), columns, squeeze=False)
    for row, (image, panels) in enumerate(zip(images, rows, strict=True)):
        title = "input" if titles is None else titles[row]
        if image.ndim == 4:
            image, panels, title = _slice(image, panels, title)
        if image.ndim == 2:
            _show_signal(grid[row][0], image, title, text)
        else:
            picture = displayable(image)
            _show_image(grid[row][0], picture, title, text)
        for axes, panel in zip(grid[row][1:], panels, strict=True):
            if panel.bars:
                _show_bars(axes, panel, text)
            elif image.ndim == 2:
                _show_line(axes, image, panel, text)
            else:
                _show_overlay(figure, axes, picture, panel, text)
    return figure


def displayable(image: np.ndarray) -> np.ndarray:
    """An image as (H, W) or (H, W, 3) in [0, 1]: pixel values, or numbers of any range."""
    picture = np.asarray(image, "float32")
    low, high = float(picture.min()), float(picture.max())
    if low >= 0 and high <= 255:
        low, high = 0.0, 255.0 if high > 1 else 1.0
    picture = (picture - low) / max(high - low, 1e-12)
    if picture.shape[-1] == 1:
        return picture[..., 0]
    return picture if picture.shape[-1] == 3 else picture.mean(axis=-1)


def colour_range(panel: Panel) -> tuple[float, float]:
    """The values at which the colours of a map begin and end."""
    low, high = float(panel.values.min()), float(panel.values.max())
    widening = max(0.0, panel.least_range - (high - low)) / 2
    return low - widening, high + widening


def _slice(
    volume: np.ndarray, panels: list[Panel], title: str
) -> tuple[np.ndarray, list[Panel], str]:
    """One slice of a volume and of the maps over it."""
    maps = [panel for panel in panels if panel.values.ndim == 3]
    relative = 0.5
    if maps and np.ptp(maps[-1].values) > 0:
        means = maps[-1].values.mean(axis=(1, 2))
        relative = (int(means.argmax()) + 0.5) / len(means)
    index = int(relative * len(volume))
    sliced = [
        Panel(panel.title, panel.values[int(relative * len(panel.values))], panel.least_range)
        if panel.values.ndim == 3
        else panel
        for panel in panels
    ]
    return volume[index], sliced, f"{title}\nslice {index + 1} of {len(volume)}"


def _show_image(axes: Axes, picture: np.ndarray, title: str, text: str) -> None:
    axes.imshow(picture, cmap="gray", vmin=0, vmax=1, interpolation="nearest")
    _label(axes, title, text)
    axes.axis("off")


def _show_overlay(figure: Figure, axes: Axes, picture: np.ndarray, panel: Panel, text: str) -> None:
    """The map in colours over the image in grey, and what the colours mean."""
    gray = picture if picture.ndim == 2 else picture.mean(axis=-1)
    height, width = gray.shape
    extent = (-0.5, width - 0.5, height - 0.5, -0.5)
    axes.imshow(gray, cmap="gray", vmin=0, vmax=1, interpolation="nearest", extent=extent)
    low, high = colour_range(panel)
    colours: Any = axes.imshow(
        panel.values,
        cmap="viridis",
        vmin=low,
        vmax=high,
        alpha=0.65,
        interpolation="nearest",
        extent=extent,
    )
    bar = figure.colorbar(colours, ax=axes, fraction=0.046, pad=0.03)
    bar.ax.tick_params(labelsize=6, colors=text)
    bar.ax.locator_params(nbins=4)
    _label(axes, panel.title, text)
    axes.axis("off")


def _show_signal(axes: Axes, signal: np.ndarray, title: str, text: str) -> None:
    """One line per channel."""
    axes.plot(signal, linewidth=0.8, color="0.55")
    _finish(axes, title, text)


def _show_line(axes: Axes, signal: np.ndarray, panel: Panel, text: str) -> None:
    """The signal in grey, and the map as a line with a scale of its own on the right."""
    _show_signal(axes, signal, panel.title, text)
    axes.set_yticks([])
    over = axes.twinx()
    centres = (np.arange(len(panel.values)) + 0.5) * len(signal) / len(panel.values) - 0.5
    over.plot(centres, panel.values, linewidth=1.5, color=_LINE)
    low, high = colour_range(panel)
    over.set_ylim(low, high if high > low else low + 1)
    over.set_box_aspect(1)
    over.tick_params(labelsize=6, colors=text)


def _show_bars(axes: Axes, panel: Panel, text: str) -> None:
    """One bar per channel or branch."""
    positions = np.arange(len(panel.values))
    axes.bar(positions, panel.values, width=1.0 if len(positions) > 8 else 0.7, color=_LINE)
    _finish(axes, panel.title, text)


def _finish(axes: Axes, title: str, text: str) -> None:
    axes.set_box_aspect(1)
    axes.tick_params(labelsize=6, colors=text)
    axes.locator_params(nbins=4)
    axes.spines[["top", "right"]].set_visible(False)
    _label(axes, title, text)


def _label(axes: Axes, title: str, text: str) -> None:
    axes.set_title(title.replace("$", r"\$"), fontsize=7, color=text)
