"""Sections of the page on speed about layers, and combinations of gates."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from typing import Any

import keras_attn
from benchmarks import combinations, latest, tables
from docs.speed_networks import NAMES, measured_on
from docs.themed import folded

COMBINATIONS = """\
## Combinations of gates

Twelve combinations of a channel gate ({channel}) with a spatial gate ({spatial}) in CSA, forward
and backward, over the sum of the times of both gates alone. Below 1, a combination costs less than
its parts: the map is written once. {where} `python -m benchmarks.combinations` measures it.

{table}
"""

TARGETS = """\
## The targets

Time over that of the published code on PyTorch in the same run, geometric means over the 18
topologies at all shapes: by `torch.compile`, and for PyTorch as it stands ("eager") as it stands.
"Worst" is the largest ratio of a single topology, and memory the mean ratio of the peak, both
forward and backward.

{table}
"""

LAYERS = """\
## Every layer

The same ratios for each layer, geometric means over the shapes; below 1 the layer is faster than
the published code. Forward and backward:

{training}

{inference}
What is slower, and why:

* **SimAM**: the published form computes one channel at a time, which stays in the cache. In
  channels_last, the statistics, the gate and its gradient each read the whole map.
* **BAM** on PyTorch has maps of four channels, too few for the vectors in which a compiler adds.
* **GAM** is mostly convolutions, which are the backends' own. Only the gradient of a kernel on JAX
  is ours: XLA's took 1.3 to 18 times longer, depending on the shape.
* **CPCA** in inference: the taps of its depth-wise convolutions are operations of a program on
  XLA, where PyTorch has a convolution of its own.
* **Shuffle attention** in inference: its output interleaves halves of the channels.
* **Modules of few operations** (SE, ECA, scSE) in inference on PyTorch as it stands: what Keras
  does around the call of a layer, which the published form does not have, is much of their time on
  small maps. **ELA** and **SCSA** normalise groups of channels operation by operation there.
"""

RUNS = """\
## The runs

A layer is measured again when its code has changed much. Its ratios are of times of one run.

{runs}
"""

#: What the mean ratios to the published code of forward + backward and of inference shall not
#: exceed, by compilers and as PyTorch stands, and that of any one layer.
AIMS = {"compiled": (0.4, 0.75), "eager": (0.6, 0.45)}
WORST = 1.1


def targets_part(content: dict[str, Any], whole: dict[str, Any]) -> str:
    """The section on what is aimed at, and what was measured.

    Args:
        content: The latest results.
        whole: Those of the runs that measured memory, too.
    """
    cells, of_memory = (tables.topologies(each["cells"]) for each in (content, whole))
    heads = [*tables.STEPS.values(), "worst"]
    rows = [["backend", *(title for head in heads for title in (head, "target")), "memory"]]
    for variant in tables.our_variants(content):
        aims = AIMS["eager" if variant.endswith("eager") else "compiled"]
        row = [variant]
        for step, aim in zip(tables.STEPS, aims, strict=True):
            row += map(tables.hundredths, (tables.mean_ratio(cells, variant, step), aim))
        row += [tables.worst(cells, variant, "training"), tables.hundredths(WORST)]
        memory = tables.mean_ratio(of_memory, variant, "training", tables.memory)
        rows.append([*row, tables.hundredths(memory)])
    return TARGETS.format(table=tables.markdown(rows))


def layers_part(content: dict[str, Any]) -> str:
    """The section on every layer."""
    shown = {}
    for step in tables.STEPS:
        rows = [["layer", *tables.our_variants(content)]]
        for key in keras_attn.list_layers():
            cells = tables.of_layer(content["cells"], key)
            means = (tables.mean_ratio(cells, each, step) for each in rows[0][1:])
            rows.append([key, *map(tables.hundredths, means)])
        shown[step] = tables.markdown(rows)
    shown["inference"] = folded("Inference", f"{shown['inference']}\n")
    return LAYERS.format(**shown)


def farthest(content: dict[str, Any], cells: list[tables.Cell], count: int = 4) -> tables.Table:
    """The topologies that take the most multiples of x * 2, by their means over the shapes."""
    rows = [["variant", "step", "mean", "farthest"]]
    for variant in tables.our_variants(content):
        for step, name in tables.STEPS.items():
            multiples = {
                key: tables.geometric_mean(
                    tables.against(cell, variant, "double", step)
                    for cell in tables.of_layer(cells, key)
                )
                for key in dict.fromkeys(cell["key"] for cell in cells)
            }
            measured = sorted((m, key) for key, m in multiples.items() if m is not None)
            worst = ", ".join(f"{key} {m:.1f}" for m, key in measured[: -count - 1 : -1])
            mean = tables.geometric_mean(multiples.values())
            rows.append([variant, name, tables.number(mean), worst or tables.ABSENT])
    return rows


def shape_part(content: dict[str, Any], whole: dict[str, Any], shape: list[int]) -> str:
    """The section of a shape: times, memory, first call.

    Args:
        content: The latest results.
        whole: Those of the runs that measured memory, too.
        shape: Of the map.
    """
    cells, parts = tables.at_shape(content, shape), [f"## {' x '.join(map(str, shape))}\n"]
    for step, title in tables.STEPS.items():
        for baseline in tables.published(content):
            ours = [n for n in tables.our_variants(content) if tables.baseline_of(n) == baseline]
            rows = tables.times({"variants": [baseline, *ours]}, cells, step)
            parts.append(
                folded(
                    f"{title.capitalize()}: ms, and in parentheses the ratio to {baseline}",
                    f"{tables.markdown(rows)}\n",
                )
            )
    first = tables.one_value(content, cells, tables.first_call)
    parts.append(folded("First call, s", f"{tables.markdown(first)}\n"))
    memory = tables.one_value(whole, tables.at_shape(whole, shape), tables.memory)
    parts.append(folded("Peak memory, MB", f"{tables.markdown(memory)}\n"))
    return "\n".join(parts)


def runs_part(content: dict[str, Any], runs: Sequence[dict[str, Any]]) -> str:
    """The section on when, where and with which versions each layer was measured."""
    lines = []
    for number, layers in latest.remains(content).items():
        by_variants: dict[tuple[str, ...], list[str]] = {}
        for key, variants in layers.items():
            by_variants.setdefault(tuple(variants), []).append(key)
        what = "; ".join(f"{in_words(k)} ({', '.join(v)})" for v, k in by_variants.items())
        lines.append(f"* {what}. {machine(runs[number])}")
    return RUNS.format(runs="\n".join(lines))


def in_words(keys: list[str]) -> str:
    """Layers, without a list of all topologies."""
    names = keras_attn.list_topologies()
    if not set(names) <= set(keys):
        return ", ".join(keys)
    others = [key for key in keys if key not in names]
    return ", ".join([f"the {len(names)} topologies", *others])


def machine(content: dict[str, Any]) -> str:
    """Machine, versions and date, and how quiet it was."""
    versions = ", ".join(f"{name} {version}" for name, version in content["versions"].items())
    others = max(cell["others"] for cell in content["cells"])
    return (
        f"On {content['date']}: {content['cpu']}, {content['cores']} cores; threads of an "
        f"operation, on every backend: {content['threads']}; {versions}. While times were taken, "
        f"other programs used no more than {others:.1%} of the machine."
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
        where=measured_on(content),
        table=tables.markdown(rows),
    )
