"""A results file as tables: times, ratios to the published form, and geometric means.

A table is a list of rows of strings; the first row has the names of the columns.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import keras_attn

Cell = dict[str, Any]
Table = list[list[str]]

#: The implementations that our layers are compared with, the faster one first.
BASELINES = ("published compiled", "published eager")

STEPS = {"training": "forward + backward", "inference": "inference"}
ABSENT = "-"


def median(cell: Cell, variant: str, step: str) -> float | None:
    """Milliseconds; None where it was not measured."""
    times = cell["results"].get(variant, {}).get("times", {})
    return times[step]["median"] if step in times else None


def memory(cell: Cell, variant: str, step: str = "training") -> float | None:
    """Peak memory of a training step in megabytes; None where it was not measured."""
    number = cell["results"].get(variant, {}).get("peak_memory")
    return None if number is None else number / 1e6


def first_call(cell: Cell, variant: str, step: str = "training") -> float | None:
    """Seconds; None where it was not measured."""
    return cell["results"].get(variant, {}).get("first_call", {}).get(step)


def ratio(numerator: float | None, denominator: float | None) -> float | None:
    """The ratio of two values; None unless both were measured."""
    return numerator / denominator if numerator is not None and denominator else None


def against(cell: Cell, variant: str, baseline: str, step: str, of: Callable = median) -> Any:
    """The ratio of a variant to a baseline; for the baseline "double", to its own time of x * 2."""
    if baseline == "double":
        return ratio(median(cell, variant, step), median(cell, variant, "double"))
    # Of several runs, only what was measured beside it.
    beside = cell["results"].get(variant, {}).get("beside", cell["results"])
    return ratio(of(cell, variant, step), of({"results": beside}, baseline, step))


def baseline_of(variant: str) -> str:
    """What a variant is compared with: the published code by a compiler, or both without one."""
    compiled, eager = BASELINES
    return eager if variant.endswith("eager") else compiled


def over_published(cell: Cell, variant: str, step: str, of: Callable = median) -> Any:
    """The ratio of a variant to its baseline."""
    return against(cell, variant, baseline_of(variant), step, of)


def geometric_mean(values: Iterable[float | None]) -> float | None:
    """The geometric mean of the measured values; None if there are none."""
    logarithms = [math.log(value) for value in values if value]
    return math.exp(sum(logarithms) / len(logarithms)) if logarithms else None


def published(content: dict[str, Any]) -> list[str]:
    """The published forms among the variants."""
    return [name for name in BASELINES if name in content["variants"]]


def our_variants(content: dict[str, Any]) -> list[str]:
    """The variants that are not published forms."""
    return [name for name in content["variants"] if name not in BASELINES]


def shapes(content: dict[str, Any]) -> list[list[int]]:
    """The shapes of the maps, in the order of measurement."""
    return [list(shape) for shape in dict.fromkeys(tuple(c["shape"]) for c in content["cells"])]


def mean_ratio(
    cells: Iterable[Cell], variant: str, step: str, of: Callable = median
) -> float | None:
    """The geometric mean of `over_published`."""
    return geometric_mean(over_published(cell, variant, step, of) for cell in cells)


def topologies(cells: Iterable[Cell]) -> list[Cell]:
    """The cells of the 18 topologies."""
    keys = keras_attn.list_topologies()
    return [cell for cell in cells if cell["key"] in keys]


def of_layer(cells: Iterable[Cell], key: str) -> list[Cell]:
    """The cells of a layer."""
    return [cell for cell in cells if cell["key"] == key]


def number(value: float | None) -> str:
    """A number with three digits."""
    if value is None:
        return ABSENT
    return f"{value:.0f}" if value >= 99.5 else f"{value:.3g}"


def hundredths(value: float | None) -> str:
    """A ratio with two decimals."""
    return ABSENT if value is None else f"{value:.2f}"


def times(content: dict[str, Any], cells: Sequence[Cell], step: str) -> Table:
    """Milliseconds of each layer, with the ratio to the published code in parentheses."""
    theirs, ours = published(content), our_variants(content)
    rows = [["key", *theirs, *ours]]
    for cell in cells:
        baselines = [number(median(cell, name, step)) for name in theirs]
        rows.append([cell["key"], *baselines, *(time_and_ratio(cell, n, step) for n in ours)])
    return rows


def time_and_ratio(cell: Cell, variant: str, step: str) -> str:
    """The milliseconds of a variant, with the ratio in parentheses."""
    milliseconds = median(cell, variant, step)
    over = over_published(cell, variant, step)
    return number(milliseconds) + ("" if over is None else f" ({over:.2f})")


def one_value(
    content: dict[str, Any], cells: Sequence[Cell], of: Callable[[Cell, str], float | None]
) -> Table:
    """A value of each variant: `memory` or `first_call`."""
    variants = [*published(content), *our_variants(content)]
    return [["key", *variants]] + [
        [cell["key"], *(number(of(cell, name)) for name in variants)] for cell in cells
    ]


def at_shape(content: dict[str, Any], shape: Sequence[int]) -> list[Cell]:
    """The cells of a shape, in the order of the catalogue."""
    order = {key: place for place, key in enumerate(keras_attn.list_layers())}
    cells = [cell for cell in content["cells"] if cell["shape"] == list(shape)]
    return sorted(cells, key=lambda cell: order.get(cell["key"], len(order)))


def means(content: dict[str, Any], cells: Sequence[Cell]) -> Table:
    """Geometric means of the ratios over the cells, and the worst ratio."""
    rows = [["variant", "step", "of published", "of x * 2", "worst", "memory"]]
    for variant in our_variants(content):
        for step, name in STEPS.items():
            doubles = (against(cell, variant, "double", step) for cell in cells)
            ratios = (mean_ratio(cells, variant, step), geometric_mean(doubles))
            needs = ABSENT
            if step == "training":
                needs = hundredths(mean_ratio(cells, variant, step, memory))
            row = [variant, name, *map(hundredths, ratios), worst(cells, variant, step), needs]
            rows.append(row)
    return rows


def doubles(content: dict[str, Any], cells: Sequence[Cell]) -> Table:
    """Milliseconds of x * 2 by shape, as geometric means over the cells."""
    sizes = shapes({"cells": cells})
    rows = [["x * 2, ms", *("x".join(map(str, shape)) for shape in sizes)]]
    for variant in our_variants(content):
        of_shapes = (
            (median(cell, variant, "double") for cell in cells if cell["shape"] == shape)
            for shape in sizes
        )
        rows.append([variant, *(number(geometric_mean(values)) for values in of_shapes)])
    return rows


def worst(cells: Iterable[Cell], variant: str, step: str) -> str:
    """The largest ratio to the published code, and the layer that has it."""
    found = [
        (over, f"{over:.2f} ({cell['key']}, {'x'.join(map(str, cell['shape']))})")
        for cell in cells
        if (over := over_published(cell, variant, step)) is not None
    ]
    return max(found, default=(0.0, ABSENT))[1]


def network(content: dict[str, Any], shape: Sequence[int]) -> Table:
    """The training step without and with attention on images of a shape, and the ratio of both."""
    cells = {cell["key"]: cell for cell in at_shape(content, shape)}
    plain = cells.get("none")
    keys = [key for key in cells if key != "none"]
    baselines = published(content)
    heads = [*(f"of {name}" for name in baselines), "of none", "MB"]
    rows = [["variant", "none, ms", *(f"{key}, {head}" for key in keys for head in ("ms", *heads))]]
    for variant in [*baselines, *our_variants(content)]:
        row = [variant, number(plain and median(plain, variant, "training"))]
        for key in keys:
            time = median(cells[key], variant, "training")
            row.append(number(time))
            row += [
                hundredths(against(cells[key], variant, baseline, "training"))
                for baseline in baselines
            ]
            row.append(hundredths(ratio(time, plain and median(plain, variant, "training"))))
            row.append(number(memory(cells[key], variant)))
        rows.append(row)
    return rows


def errors(content: dict[str, Any]) -> list[str]:
    """What was not measured and why, with all variants that share a reason on one line."""
    lines: dict[tuple, list[str]] = {}
    for cell in content["cells"]:
        for variant, result in cell["results"].items():
            if "error" in result:
                place = f"{cell['key']} at {'x'.join(map(str, cell['shape']))}"
                lines.setdefault((place, result["error"]), []).append(variant)
    return [
        f"{place}, {', '.join(each) if each != content['variants'] else 'all'}: {reason}"
        for (place, reason), each in lines.items()
    ]


def aligned(table: Table) -> str:
    """A table for the terminal."""
    widths = [max(map(len, column)) for column in zip(*table, strict=True)]
    return "\n".join(
        "  ".join(
            text.rjust(width) if place else text.ljust(width)
            for place, (text, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in table
    )


def markdown(table: Table) -> str:
    """A table for the documentation."""
    head, *rows = (f"| {' | '.join(row)} |" for row in table)
    line = "|---|" + "---:|" * (len(table[0]) - 1)
    return "\n".join([head, line, *rows])


def report(content: dict[str, Any]) -> str:
    """All tables, for the terminal."""
    parts = []
    for shape in shapes(content):
        title, cells = "x".join(map(str, shape)), at_shape(content, shape)
        for step, name in STEPS.items():
            parts.append(f"{title}, {name}: ms (of published compiled)")
            parts.append(aligned(times(content, cells, step)))
        parts += [f"{title}, peak memory in MB", aligned(one_value(content, cells, memory))]
        parts += [f"{title}, first call in s", aligned(one_value(content, cells, first_call))]
    for name, cells in (("topologies", topologies(content["cells"])), ("all", content["cells"])):
        parts += [f"geometric means, {name}", aligned(means(content, cells))]
    return "\n\n".join(parts) + "".join(f"\nnot measured: {line}" for line in errors(content))
