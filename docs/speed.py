"""The page on speed, from the results of benchmarks.layers, network and study."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from benchmarks import latest, matrix, tables
from docs import speed_layers, speed_networks, speed_pictures

START = """\
# Speed

How long the layers take beside the code that was published with them, on two processor cores.

{pictures}

Measure your own: `make bench` for all of it, or one layer at your shape with

    keras-attn bench csa --shape 32,56,56,64

## How it was measured

On two processor cores, in the runs that are [listed below](#the-runs).

* **Layers**: all of the catalogue, with their defaults, on float32 maps as they are after a ReLU
  (batch x height x width x channels in the titles below), in the package's own data format,
  channels_last. Compiled as the backend's `fit` compiles: by XLA on JAX and TensorFlow; on PyTorch
  as it stands ("eager") and by `torch.compile`.
* **Published form**: the same module written out plainly in PyTorch from the formulas, every
  branch computed and kept, in channels_first, eager and by `torch.compile`. Tests hold its outputs
  and gradients against the layers'.
* **Inference** is a forward pass; **forward + backward** is one in training, with the gradients by
  the map and by all weights. The output is written in both, as a network needs it.
* Every variant has a process of its own; they take turns, one at a time. Their allocators keep
  what is freed, as TensorFlow's does anyway. A figure is the median of nine runs or more.
* **x * 2** is timed beside, in the same runs: the least that reading and writing a map takes.
* **Peak memory** is what forward + backward needs at once beyond the map and the weights. **First
  call** is that of forward + backward: tracing and compiling.
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
* **No compiler.** This is what `fit` uses on PyTorch unless it is told otherwise. Each operation
  then reads and writes whole maps, and those with booleans, such as the search for the place of a
  maximum, take two to three times as long as others. The kernels in
  `keras_attn/kernels/torch_eager.py` avoid them and compute again what only their gradients need;
  where a gate reads the product of the map and another gate, the layer returns that product under
  the gate. On a small map, what Keras does around a call is much of the time of a layer, so the
  gates inside it, and their parts, are called without it.
* **What any call costs.** The smaller the map, the more of a figure that is. `x * 2` by itself:

"""


def page(
    runs: Sequence[dict[str, Any]], networks: Sequence[Path] = (), studies: Sequence[Path] = ()
) -> str:
    """The page.

    Args:
        runs: The results of `benchmarks.layers`, the oldest first.
        networks: Results files of `benchmarks.network`, the latest first.
        studies: Those of `benchmarks.study`.
    """
    content = latest.latest(runs)
    whole = latest.latest([run for run in runs if run.get("memory", True)])
    topologies = tables.topologies(content["cells"])
    pictures = [speed_pictures.ratios(content, topologies)]
    steps = [json.loads(path.read_text(encoding="utf-8")) for path in networks]
    if steps:
        pictures.append(speed_pictures.network(steps[0]))
    parts = [
        START.format(pictures="\n\n".join(pictures)),
        speed_layers.targets_part(content, whole),
        speed_layers.layers_part(content),
        FLOOR + tables.markdown(speed_layers.farthest(content, topologies)) + "\n",
        HOLDS + tables.markdown(tables.doubles(content, topologies)) + "\n",
    ]
    if steps:
        machines = list(map(speed_layers.machine, steps))
        parts.append(speed_networks.network_part(steps, machines))
    if studies:
        each = (json.loads(path.read_text(encoding="utf-8")) for path in studies)
        parts.append(speed_networks.studies_part(each))
    parts += filter(None, (speed_networks.own_model_part(), speed_layers.combinations_part()))
    parts += [speed_layers.shape_part(content, whole, each) for each in tables.shapes(content)]
    parts.append(speed_layers.runs_part(content, runs))
    if refused := tables.errors(content):
        parts.append("## Not measured\n\n" + "".join(f"* {line}\n" for line in refused))
    return "\n".join(parts)


def newest() -> tuple[list[dict[str, Any]], list[Path], list[Path]] | None:
    """The arguments of `page` for the stored results; None without any of layers."""
    networks, studies = (
        sorted(matrix.RESULTS.glob(f"{name}-*.json")) for name in ("networks", "study")
    )
    runs = latest.runs()
    return (runs, networks[::-1], studies) if runs else None
