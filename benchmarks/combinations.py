"""Whether a combination of two gates costs more than its parts.

    python -m benchmarks.combinations       # writes benchmarks/results/combinations.json

Twelve combinations of a channel gate and a spatial gate that only read pooled statistics, in the
topology CSA, at two shapes, forward and backward, on each installed backend as its `fit` runs it.
The parts are the same gates alone, as `ca(channel=...)` and `sa(spatial=...)`. In one process the
combinations and the parts take turns.
"""

from __future__ import annotations

import argparse
import importlib.util
import itertools
import json
import statistics
from typing import Any

import keras

import keras_attn
from benchmarks.matrix import RESULTS
from benchmarks.processes import BACKENDS, answer, machine
from benchmarks.team import rounded
from keras_attn.bench import MODES, interleaved_times, layer_steps
from keras_attn.study.files import replacing
from keras_attn.study.plan import versions

FILE = RESULTS / "combinations.json"

CHANNEL = ("ca", "se", "eca", "ga")
SPATIAL = ("sa", "cbam", "coordinate")
SHAPES = ((32, 28, 28, 64), (32, 14, 14, 256))
REPEATS = 9


def subjects() -> dict[str, dict[str, Any]]:
    """Arguments of `create`: both parts of every combination, and the combinations."""
    parts = {f"ca({gate})": {"key": "ca", "channel": gate} for gate in CHANNEL}
    parts |= {f"sa({gate})": {"key": "sa", "spatial": gate} for gate in SPATIAL}
    pairs = itertools.product(CHANNEL, SPATIAL)
    return parts | {
        f"csa({channel}, {spatial})": {"key": "csa", "channel": channel, "spatial": spatial}
        for channel, spatial in pairs
    }


def measure(mode: str) -> dict[str, dict[str, float]]:
    """Milliseconds of a pass forward and back, by shape and subject."""
    found = {}
    for shape in SHAPES:
        steps = {
            name: layer_steps(
                keras_attn.create(**config, data_format="channels_last"), shape, mode
            )["training"]
            for name, config in subjects().items()
        }
        times = interleaved_times(steps, REPEATS, warm_up=2)
        name = "x".join(map(str, shape))
        found[name] = {each: rounded(statistics.median(taken)) for each, taken in times.items()}
    return found


def ratios(times: dict[str, float]) -> dict[tuple[str, str], float]:
    """The time of each combination over the sum of those of its parts."""
    return {
        (channel, spatial): times[f"csa({channel}, {spatial})"]
        / (times[f"ca({channel})"] + times[f"sa({spatial})"])
        for channel, spatial in itertools.product(CHANNEL, SPATIAL)
    }


def stored() -> dict[str, Any]:
    """What was measured, and how."""
    return json.loads(FILE.read_text(encoding="utf-8"))


def main() -> None:
    """Measures on every installed backend and writes the file."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--here", action="store_true", help=argparse.SUPPRESS)
    if parser.parse_args().here:
        print(json.dumps(measure(MODES[keras.backend.backend()][0])))
        return
    installed = [name for name in BACKENDS if importlib.util.find_spec(name)]
    times = {name: answer("benchmarks.combinations", name, "--here") for name in installed}
    content = {
        **machine(),
        **versions(),
        "repeats": REPEATS,
        "times": times,
    }
    with replacing(FILE) as temporary:
        temporary.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")
    for backend, shapes in times.items():
        for shape, found in shapes.items():
            worst = max(ratios(found).items(), key=lambda each: each[1])
            mean = statistics.fmean(ratios(found).values())
            print(f"{backend} {shape}: mean ratio {mean:.2f}, worst {worst}")


if __name__ == "__main__":
    main()
