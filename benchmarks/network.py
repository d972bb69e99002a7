"""What a user pays for attention: the training step of a whole network, ours and the published.

    python -m benchmarks.network                     # CSA, and the network without attention
    python -m benchmarks.network --attention csa,se --output runs/network.json

The residual network of `keras_attn.compare` (resnet20, ten classes, 64 images of 32x32, and of 8x8,
the size of handwritten digits) by `train_on_batch` with AdamW on each backend, against the same
network with the published form in plain PyTorch. Otherwise as `benchmarks.layers`.
"""

from __future__ import annotations

import argparse
import sys

from benchmarks import matrix, tables
from benchmarks.layers import add_plan, plan_of
from keras_attn import catalogue

SHAPES = ((64, 32, 32, 3), (64, 8, 8, 1))


def main() -> None:
    """Measures, and prints the times."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--attention", default="csa", help="keys, separated by commas")
    add_plan(parser)
    options = parser.parse_args()
    keys = options.attention.split(",")
    for key in keys:
        catalogue.describe(key)
    cells = [(key, shape) for shape in SHAPES for key in ("none", *keys)]
    results = matrix.run("network", cells, plan_of(options), options.output)
    for shape in tables.shapes(results.content):
        print("x".join(map(str, shape)))
        print(tables.aligned(tables.network(results.content, shape)) + "\n")
    print(results.path)


if __name__ == "__main__":
    try:
        main()
    except ValueError as error:
        sys.exit(f"benchmarks.network: {error}")
