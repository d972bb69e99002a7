"""Sections of the page on speed about layers: those measured again, and combinations of gates."""

from __future__ import annotations

import itertools
import statistics
from collections.abc import Sequence
from typing import Any

from benchmarks import combinations, tables
from docs.speed_networks import NAMES, measured_on

COMBINATIONS = """\
## Combinations of gates

Twelve combinations of a channel gate ({channel}) with a spatial gate ({spatial}) in CSA, forward
and backward, over the sum of the times of both gates alone. Below 1, a combination costs less than
its parts: the map is written once. {where} `python -m benchmarks.combinations` measures it.

{table}
"""

WHEN = ("before", "now")

EAGER_PART = """\
## PyTorch without a compiler

This is what `fit` uses on PyTorch unless it is told otherwise. Each operation then reads and writes
whole maps, and those with booleans, such as the search for the place of a maximum, take two to
three times as long as others. The kernels in `keras_attn/kernels/torch_eager.py` avoid them and
compute again what only their gradients need; where a gate reads the product of the map and another
gate, the layer returns that product under the gate. Time over that of the published code without a
compiler, geometric means over the shapes, before these kernels (in the run of the other tables, on
another machine) and with them:

{table}

{machine} `python -m benchmarks.layers --variants "torch eager,published eager"` measures it.
"""

MODULES_PART = """\
## Modules whose code changed

Time over that of the published code by `torch.compile`, geometric means over the shapes, before (in
the run of the other tables, on another machine) and now. Forward + backward:

{training}

Inference:

{inference}

* **NAM, SimAM, FCA, SE**: normalisation is one kernel, and sums over positions add the halves of a
  map.
* **NAM and SimAM under `torch.compile`**: the gradients of a normalised map and of SimAM's gate
  keep only the map and compute the rest again, and a sum over a batch runs along the rows first,
  which stay in the cache. SimAM is one graph, which a generator expression broke before.
* **Shuffle attention** computes whole maps, where it cut groups into halves of a few channels.
* **SCSA** pools windows on axes of their own: XLA's gradient of windows is slow on the CPU.
* **CPCA**: XLA computed the taps of one depth-wise convolution again inside the next.
* **EMA** needs only sums of its convolution, over channels and over positions, and computes these
  without it, on whole maps.

{machines}

GAM and ABN, above 1.1 in the run of the other tables, have not been measured again. Convolutions,
which are the backends' own, are most of what they compute.
"""

MEASURED = "{machine} `python -m benchmarks.layers --keys {keys}` measures it."


def eager_part(content: dict[str, Any], later: dict[str, Any], where: str) -> str:
    """The section on PyTorch without a compiler, before and after its kernels were written."""
    rows = [["topology", *(f"{step}, {when}" for step in tables.STEPS.values() for when in WHEN)]]
    found = {
        when: tables.topologies(each["cells"])
        for when, each in zip(WHEN, (content, later), strict=True)
    }

    def means(key: str | None) -> list[str]:
        chosen = [
            [cell for cell in cells if key in (None, cell["key"])] for cells in found.values()
        ]
        return [
            tables.hundredths(tables.mean_ratio(cells, "torch eager", step))
            for step in tables.STEPS
            for cells in chosen
        ]

    keys = dict.fromkeys(cell["key"] for cell in found[WHEN[1]])
    rows += [["all", *means(None)], *([key, *means(key)] for key in keys)]
    return EAGER_PART.format(machine=where, table=tables.markdown(rows))


def modules_part(
    content: dict[str, Any], later: Sequence[dict[str, Any]], machines: Sequence[str]
) -> str:
    """The section on modules that were measured again, before and after their code changed.

    Args:
        content: The run of all layers.
        later: The runs of modules in the order of their dates; the last run of a module is shown.
        machines: What each of them ran on.
    """
    backends = [name for name in tables.our_variants(later[0]) if name in content["variants"]]
    head = ["layer", *(f"{name}, {when}" for name in backends for when in WHEN)]
    rows = {step: [head] for step in tables.STEPS}
    measured = []
    last = {cell["key"]: number for number, run in enumerate(later) for cell in run["cells"]}
    for number, (run, machine) in enumerate(zip(later, machines, strict=True)):
        keys = [key for key in last if last[key] == number]
        if not keys:
            continue
        measured.append(MEASURED.format(machine=machine, keys=",".join(keys)))
        for key, step in itertools.product(keys, tables.STEPS):
            found = [
                [cell for cell in each["cells"] if cell["key"] == key] for each in (content, run)
            ]
            pairs = itertools.product(backends, found)
            ratios = (tables.mean_ratio(cells, name, step) for name, cells in pairs)
            rows[step].append([key, *map(tables.hundredths, ratios)])
    shown = {step: tables.markdown(table) for step, table in rows.items()}
    return MODULES_PART.format(**shown, machines="\n\n".join(measured))


def combinations_part() -> str:
    """The section on combinations; empty until they are measured."""
    if not combinations.FILE.exists():
        return ""
    content = combinations.stored()
    rows = [["backend", "map", "mean", "least", "largest", "of"]]
    for backend, shapes in content["times"].items():
        for shape, times in shapes.items():
            found = combinations.ratios(times)
            worst = max(found, key=lambda pair: found[pair])
            ends = (statistics.fmean(found.values()), min(found.values()), found[worst])
            rows.append([NAMES[backend], shape, *map(tables.hundredths, ends), " and ".join(worst)])
    return COMBINATIONS.format(
        channel=", ".join(combinations.CHANNEL),
        spatial=", ".join(combinations.SPATIAL),
        where=measured_on(content),
        table=tables.markdown(rows),
    )
