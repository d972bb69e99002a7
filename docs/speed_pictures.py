"""The pictures of the page on speed: ratios of the layers, and what attention costs a network."""

from __future__ import annotations

from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from benchmarks import tables
from docs.themed import themed_figure
from keras_attn.study.inline_pictures import PAGE_PALETTE

RATIOS = (
    "Time of the 18 topologies over that of the published code on PyTorch, geometric means over "
    "three shapes; shorter is faster. The line is the published code: by <code>torch.compile</code>"
    ", except for PyTorch as it stands (eager), which is compared with the published code as it "
    "stands."
)
NETWORK = (
    "Milliseconds of a training step of a whole network, without attention and with {key} in every "
    "block."
)


def ratios(content: dict[str, Any], cells: list[tables.Cell]) -> str:
    """Bars of the mean ratios to the published code, one pair per backend.

    Args:
        content: All results.
        cells: Those that are shown.
    """
    rows = [
        (variant, [tables.mean_ratio(cells, variant, step) for step in tables.STEPS])
        for variant in tables.our_variants(content)
    ]
    figure, axes = _figure(len(rows))
    _bars(axes, rows, list(tables.STEPS.values()), tables.hundredths, line=1)
    return themed_figure("speed-ratios", figure, RATIOS)


def network(content: dict[str, Any]) -> str:
    """Bars of a training step without and with attention, one pair per variant."""
    cells = {cell["key"]: cell for cell in tables.at_shape(content, tables.shapes(content)[0])}
    key = next(key for key in cells if key != "none")
    variants = [*tables.published(content), *tables.our_variants(content)]
    rows = [
        (variant, [tables.median(cells[each], variant, "training") for each in ("none", key)])
        for variant in variants
    ]
    figure, axes = _figure(len(rows))
    _bars(axes, rows, ["without attention", f"with {key}"], tables.number)
    axes.set_xlabel("ms", color=PAGE_PALETTE.faint, fontsize=9)
    return themed_figure("speed-network", figure, NETWORK.format(key=key))


def _figure(count: int) -> tuple[Figure, Axes]:
    figure = Figure(figsize=(8.5, 0.8 + 0.55 * count), layout="constrained")
    axes = figure.subplots()
    axes.invert_yaxis()
    axes.tick_params(colors=PAGE_PALETTE.faint, labelsize=9, left=False)
    for side in ("top", "right", "left"):
        axes.spines[side].set_visible(False)
    axes.spines["bottom"].set_color(PAGE_PALETTE.grid)
    return figure, axes


def _bars(
    axes: Axes,
    rows: list[tuple[str, list[float | None]]],
    names: list[str],
    words: Any,
    line: float | None = None,
) -> None:
    """Two bars per row, the second one lighter, each with its value at its end.

    A value that would lie under the vertical line, where there is one, is written behind it.
    """
    if line is not None:
        axes.axvline(line, color=PAGE_PALETTE.text, linewidth=1)
    for place, (_, values) in enumerate(rows):
        for number, value in enumerate(values):
            if value is None:
                continue
            height = place + (number - 0.5) * 0.36
            colour = PAGE_PALETTE.accent if number == 0 else PAGE_PALETTE.faint
            label = names[number] if place == 0 else None
            axes.barh(height, value, 0.32, color=colour, label=label)
            end = line if line and 0.93 * line < value < line else value
            beside = {"xytext": (3, 0), "textcoords": "offset points", "va": "center"}
            style = {"color": PAGE_PALETTE.text, "fontsize": 8.5}
            axes.annotate(words(value), (end, height), **beside, **style)
    axes.set_yticks(range(len(rows)), [name for name, _ in rows], color=PAGE_PALETTE.text)
    place = {"loc": "lower left", "bbox_to_anchor": (0, 1), "ncols": 2, "borderaxespad": 0}
    legend = axes.legend(frameon=False, fontsize=9, **place)
    for text in legend.get_texts():
        text.set_color(PAGE_PALETTE.text)
