"""Sections of the page on speed: PyTorch as it stands, larger networks, combinations of gates."""

from __future__ import annotations

import itertools
import statistics
from collections.abc import Sequence
from typing import Any

from benchmarks import combinations, own_model, tables

OWN_MODEL = """\
## In larger networks

Training steps with and without attention, as a comparison trains them (PyTorch without
`torch.compile`): networks of keras.applications at 224 pixels with CSA after each stage, the U-Net
of a segmentation with CSA in its decoder, and the RetinaNet of a detection with CSA in the blocks
of its backbone. The input of a batch is prepared while the step before it runs. Memory is what the
process needs beyond the images. A figure is the median of three steps, and a ratio is uncertain by
a fifth: one below 1 means that CSA costs less than what can be measured so. {where}
`python -m benchmarks.own_model` measures it.

{table}
"""

PLAIN = """\
What a comparison does beside training (it computes the moving statistics of batch normalisation
again, scores each epoch, and keeps weights) is measured by a trial on {images:,} images of
{plain_side} pixels with MobileNetV2, beside a plain `fit` with validation:

{plain}
"""

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
three times as long as others. The kernels in `keras_attn/kernels/torch_eager.py` avoid them, keep a
map and its gates alone for the gradient, and compute the rest again. Time over that of the
published code without a compiler, geometric means over the shapes, before these kernels (in the run
of the other tables, on another machine) and with them:

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
* **Shuffle attention** computes whole maps, where it cut groups into halves of a few channels.
* **SCSA** pools windows on axes of their own: XLA's gradient of windows is slow on the CPU.
* **CPCA**: XLA computed the taps of one depth-wise convolution again inside the next.
* **EMA** needs only sums of its convolution, over channels and over positions, and computes these
  without it, on whole maps.

{machines}

BAM and GAM, above 1.1 in the run of the other tables, have not been measured again. Convolutions,
which are the backends' own, are most of what GAM computes.
"""

MEASURED = "{machine} `python -m benchmarks.layers --keys {keys}` measures it."

NAMES = {"tensorflow": "TensorFlow", "jax": "JAX", "torch": "PyTorch"}


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
        later: The runs of modules.
        machines: What each of them ran on.
    """
    backends = [name for name in tables.our_variants(later[0]) if name in content["variants"]]
    head = ["layer", *(f"{name}, {when}" for name in backends for when in WHEN)]
    rows = {step: [head] for step in tables.STEPS}
    measured = []
    for run, machine in zip(later, machines, strict=True):
        keys = list(dict.fromkeys(cell["key"] for cell in run["cells"]))
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


def own_model_part() -> str:
    """The section on networks of keras.applications; empty until they are measured."""
    if not own_model.FILE.exists():
        return ""
    content = own_model.stored()
    cells = {(c["network"], c["backend"], c["variant"]): c for c in content["cells"]}
    seconds = ["none, s", "CSA, s", "ratio", "input, s"]
    rows = [["network", "images", "backend", *seconds, "none, GiB", "CSA, GiB"]]
    for network, subject in own_model.SUBJECTS.items():
        for backend, name in NAMES.items():
            if (network, backend, "none") not in cells:
                continue
            variants = ("none", subject.attention)
            none, csa = (cells.get((network, backend, each), {}) for each in variants)
            rows.append(
                [
                    network,
                    f"{subject.batch} of {subject.size[1]} x {subject.size[0]}",
                    name,
                    *(tables.number(each.get("step_s")) for each in (none, csa)),
                    tables.hundredths(tables.ratio(csa.get("step_s"), none.get("step_s"))),
                    tables.number(none.get("input_s")),
                    *(tables.number(each.get("peak_gib")) for each in (none, csa)),
                ]
            )
    section = OWN_MODEL.format(where=_where(content), table=tables.markdown(rows))
    if not content["plain"]:
        return section
    plain = [["backend", "epochs", "trial, s", "plain loop, s", "ratio"]]
    for backend, found in content["plain"].items():
        trial, loop = found.get("trial_s"), found.get("plain_s")
        plain.append(
            [
                NAMES[backend],
                tables.number(found.get("epochs")),
                tables.number(trial),
                tables.number(loop),
                tables.hundredths(tables.ratio(trial, loop)),
            ]
        )
    return f"{section}\n" + PLAIN.format(
        images=own_model.PLAIN_STEPS * own_model.PLAIN_BATCH,
        plain_side=own_model.PLAIN_SIDE,
        plain=tables.markdown(plain),
    )


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
        where=_where(content),
        table=tables.markdown(rows),
    )


def _where(content: dict[str, Any]) -> str:
    return f"Measured on {content['date']}: {content['cpu']}, {content['cores']} cores."
