"""The page on speed, from the results of benchmarks.layers, network and study."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import keras_attn
from benchmarks import matrix, tables
from docs import speed_layers, speed_networks, speed_pictures
from docs.themed import folded

START = """\
# Speed

How long the layers take beside the code that was published with them, on two processor cores.

{pictures}

Measure your own: `make bench` for all of it, or one layer at your shape with

    keras-attn bench csa --shape 32,56,56,64

## How it was measured

{machine}

This is the code of that date. The kernels have since moved into `keras_attn/kernels`, and some
operations changed: GAM and CPCA compute in float32 under mixed_float16, for example, and since
2026-11-29 a channel gate calls its bottleneck once for all statistics, JAX computes a variance in
fewer operations and keeps no map but the input for the gradient of SimAM, `torch.compile` keeps
none but the input for that of SimAM and of a normalised map, PyTorch as it stands normalises a
batch by its own function, and TensorFlow without XLA computes the gradients of a mean and a maximum
in fewer passes over the map and runs fewer operations per gate. The tables of single layers by a
compiler are older than these changes, but for the modules that have been measured again. {again}

* **Layers**: {layers}, with their defaults, on float32 maps as they are after a ReLU (batch x
  height x width x channels in the titles below), in the package's own data format, channels_last.
  Compiled as the backend's `fit` compiles: by XLA on JAX and TensorFlow; on PyTorch
  as it stands ("eager") and by `torch.compile`.
* **Published form**: the same module written out plainly in PyTorch from the formulas, every
  branch computed and kept, in channels_first, eager and by `torch.compile`. Tests hold its outputs
  and gradients against the layers'.
* **Inference** is a forward pass; **forward + backward** is one in training, with the gradients by
  the map and by all weights. The output is written in both, as a network needs it.
* Every variant has a process of its own; they take turns, one at a time. Their allocators keep
  what is freed, as TensorFlow's does anyway. A figure is the median of {count} runs.
* **x * 2** is timed beside, in the same runs: the least that reading and writing a map takes.
* **Peak memory** is what forward + backward needs at once beyond the map and the weights. **First
  call** is that of forward + backward: tracing and compiling.
"""

TARGETS = """\
## The targets

Geometric means over the 18 topologies at all shapes: time over that of the published form under
`torch.compile`, and eager, in the same run. "Worst" is the largest ratio of a single topology.

"""

FLOOR = """\
## What is far from the floor

A layer cannot be faster than reading its map and writing its output, which is `x * 2`; backward it
reads the output's gradient and the map, and writes the map's gradient: two and a half times `x * 2`
forward and backward. The topologies that are farthest from it, in multiples of `x * 2`:

"""

HOLDS = """\
What holds them there:

* **Gates in a row.** CSA's spatial gate reads the map under its channel gate, so the map is read
  once for each gate and once more for the output; backward it is read three times as well, each
  time with the output's gradient. With the two maps that are written that makes eleven passes over
  a map, where the floor has five: five and a half times `x * 2` in place of two and a half, however
  well it is compiled.
* **Maps that are written and read again.** In XLA's program for CSA on JAX, forward and backward,
  four maps are written in place of two: the output, its gradient times the map (whose sums are the
  gradients of the gates), the places of the maxima, and the gradient of the map. On the CPU XLA
  multiplies matrices quickly, but takes none that is still to be computed.
* **Ties under a maximum.** After a ReLU whole pixels are 0, and what shares a maximum shares its
  gradient here (PyTorch's `max` gives all of it to one). They have to be counted: XLA writes a mask
  of the size of the map for each gate, and PyTorch's compiler reads the map once more.
* **PyTorch's convolution** of two maps to one, and its gradient, which the published form has too.
* **What any call costs.** The smaller the map, the more of a figure that is. `x * 2` by itself:

"""

AGAIN = "Whole networks and PyTorch without a compiler have sections of their own, measured later."
NOT_AGAIN = "The figures on this page have not been measured again."

MEANS = """\
## Means over all layers

Geometric means of the ratios over all layers and shapes.

"""


#: What the mean ratio of forward + backward to the published form, compiled, shall not exceed; that
#: of any one topology; the mean of inference; and that to the published form as it stands.
TRAINING, WORST, INFERENCE, EAGER = 0.4, 1.1, 0.75, 0.35

#: The variants that have these targets.
COMPILED = ("jax", "tensorflow", "torch compiled")


def page(
    layers: Path,
    networks: Sequence[Path],
    studies: list[Path],
    eager: Path | None = None,
    modules: Sequence[Path] = (),
) -> str:
    """The page.

    Args:
        layers: A results file of `benchmarks.layers`.
        networks: Those of `benchmarks.network`, the latest first.
        studies: Those of `benchmarks.study`.
        eager: A later results file of the topologies on PyTorch as it stands, or None.
        modules: Later results files of modules whose kernels changed.
    """
    content = json.loads(layers.read_text(encoding="utf-8"))
    topologies = tables.topologies(content["cells"])
    later = json.loads(eager.read_text(encoding="utf-8")) if eager else None
    pictures = [speed_pictures.ratios(content, topologies, later)]
    steps = [json.loads(path.read_text(encoding="utf-8")) for path in networks]
    if steps:
        pictures.append(speed_pictures.network(steps[0]))
    parts = [
        START.format(
            pictures="\n\n".join(pictures),
            again=AGAIN if later else NOT_AGAIN,
            machine=machine(content),
            layers=measured(content),
            count=content["rounds"] * content["repetitions"],
        ),
        TARGETS + tables.markdown(targets(content, topologies)) + "\n",
        tables.markdown(tables.means(content, topologies)) + "\n",
        FLOOR + tables.markdown(farthest(content, topologies)) + "\n",
        HOLDS + tables.markdown(tables.doubles(content, topologies)) + "\n",
    ]
    if later is not None:
        parts.append(speed_layers.eager_part(content, later, machine(later)))
    if modules:
        again = [json.loads(path.read_text(encoding="utf-8")) for path in modules]
        parts.append(speed_layers.modules_part(content, again, list(map(machine, again))))
    if steps:
        parts.append(speed_networks.network_part(steps, list(map(machine, steps))))
    if studies:
        each = (json.loads(path.read_text(encoding="utf-8")) for path in studies)
        parts.append(speed_networks.studies_part(each))
    parts += filter(None, (speed_networks.own_model_part(), speed_layers.combinations_part()))
    if len(content["cells"]) > len(topologies):
        parts.append(MEANS + tables.markdown(tables.means(content, content["cells"])) + "\n")
    parts += [shape_part(content, shape) for shape in tables.shapes(content)]
    if refused := tables.errors(content):
        parts.append("## Not measured\n\n" + "".join(f"* {line}\n" for line in refused))
    return "\n".join(parts)


def machine(content: dict[str, Any]) -> str:
    """Machine, versions and date, and how quiet it was."""
    versions = ", ".join(f"{name} {version}" for name, version in content["versions"].items())
    others = max(cell["others"] for cell in content["cells"])
    return (
        f"On {content['date']}: {content['cpu']}, {content['cores']} cores; threads of an "
        f"operation, on every backend: {content['threads']}; {versions}. While times were taken, "
        f"other programs used no more than {others:.1%} of the machine."
    )


def measured(content: dict[str, Any]) -> str:
    """Which layers, in words."""
    keys = {cell["key"] for cell in content["cells"]}
    left = [key for key in keras_attn.list_layers() if key not in keys]
    if not left:
        return "all of the catalogue"
    return f"{len(keys)} of the catalogue ({', '.join(left)} have not been measured yet)"


def targets(content: dict[str, Any], cells: list[tables.Cell]) -> tables.Table:
    """What is aimed at, and what was measured."""
    heads = ["forward + backward", "worst", "forward", "forward + backward, of eager"]
    rows = [["backend", *(title for head in heads for title in (head, "target"))]]
    compiled, eager = tables.BASELINES
    for variant in COMPILED:
        if variant not in content["variants"]:
            continue

        def mean(baseline: str, step: str, variant: str = variant) -> str:
            ratios = (tables.against(cell, variant, baseline, step) for cell in cells)
            return tables.hundredths(tables.geometric_mean(ratios))

        rows.append(
            [
                *(variant, mean(compiled, "training"), tables.hundredths(TRAINING)),
                *(tables.worst(cells, variant, "training"), tables.hundredths(WORST)),
                *(mean(compiled, "inference"), tables.hundredths(INFERENCE)),
                *(mean(eager, "training"), tables.hundredths(EAGER)),
            ]
        )
    return rows


def farthest(content: dict[str, Any], cells: list[tables.Cell], count: int = 4) -> tables.Table:
    """The topologies that take the most multiples of x * 2, by their means over the shapes."""
    rows = [["variant", "step", "mean", "farthest"]]
    for variant in tables.our_variants(content):
        for step, name in tables.STEPS.items():
            multiples = {
                key: tables.geometric_mean(
                    tables.against(cell, variant, "double", step)
                    for cell in cells
                    if cell["key"] == key
                )
                for key in dict.fromkeys(cell["key"] for cell in cells)
            }
            measured = sorted((m, key) for key, m in multiples.items() if m is not None)
            worst = ", ".join(f"{key} {m:.1f}" for m, key in measured[: -count - 1 : -1])
            mean = tables.geometric_mean(multiples.values())
            rows.append([variant, name, tables.number(mean), worst or tables.ABSENT])
    return rows


def shape_part(content: dict[str, Any], shape: list[int]) -> str:
    """The section of a shape: times, memory, first call."""
    cells = tables.at_shape(content, shape)
    names = keras_attn.list_topologies()
    groups = {
        "topologies": [cell for cell in cells if cell["key"] in names],
        "modules": [cell for cell in cells if cell["key"] not in names],
    }
    parts = [f"## {' x '.join(map(str, shape))}\n"]
    for step, title in tables.STEPS.items():
        for group, members in groups.items():
            if members:
                rows = tables.times(content, members, step)
                parts.append(
                    folded(
                        f"{title.capitalize()}, {group}: milliseconds, and in parentheses the "
                        "ratio to published compiled",
                        f"{tables.markdown(rows)}\n",
                    )
                )
    for title, of in (("Peak memory, MB", tables.memory), ("First call, s", tables.first_call)):
        rows = tables.one_value(content, cells, of)
        parts.append(folded(title, f"{tables.markdown(rows)}\n"))
    return "\n".join(parts)


def newest() -> tuple[Path, list[Path], list[Path], Path | None, list[Path]] | None:
    """The arguments of `page` for the newest results; None without any of layers."""
    layers = matrix.newest("layers-*.json")
    if layers is None:
        return None
    networks, studies, modules = (
        sorted(matrix.RESULTS.glob(f"{name}-*.json")) for name in ("networks", "study", "modules")
    )
    return layers, networks[::-1], studies, matrix.newest("eager-*.json"), modules
