"""Every layer of the catalogue beside its published form: time, memory, first call.

    python -m benchmarks.layers                              # all of it: long, on an idle machine
    python -m benchmarks.layers --keys csa,se --shapes 64,28,28,64 --output runs/some.json

On each installed backend, compiled as its `fit` compiles (PyTorch eager and by `torch.compile`),
against the published form in PyTorch, in channels_first, eager and by `torch.compile`; inference,
and forward with backward pass in training. The variants take turns, one at a time, and each times
`x * 2` beside. A run that was ended continues with the same command.
"""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

import keras_attn
from benchmarks import matrix, tables, team
from keras_attn import catalogue
from keras_attn.bench import check_shape

SHAPES = ((32, 56, 56, 64), (64, 28, 28, 64), (32, 14, 14, 256))


def arguments() -> argparse.Namespace:
    """What the command line says."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--keys", help="separated by commas; all of the catalogue if not given")
    parser.add_argument("--shapes", nargs="+", help="such as 32,56,56,64; three if not given")
    add_plan(parser)
    return parser.parse_args()


def add_plan(parser: argparse.ArgumentParser) -> None:
    """The arguments that all matrices have."""
    installed = matrix.installed_variants()
    parser.add_argument(
        "--variants", help=f"separated by commas; all that are installed: {', '.join(installed)}"
    )
    parser.add_argument("--rounds", type=int, default=5, help="turns of each variant in a cell")
    parser.add_argument("--repetitions", type=int, default=3, help="of each step in a turn")
    parser.add_argument(
        "--threads", type=int, default=len(os.sched_getaffinity(0)), help="of every backend"
    )
    parser.add_argument("--times-only", action="store_true", help="leave out peak memory")
    parser.add_argument("--output", type=Path, help="the results file, in benchmarks/results")


def plan_of(options: argparse.Namespace) -> team.Plan:
    """The plan that the command line names.

    Raises:
        ValueError: If a variant is unknown or not installed.
    """
    installed = matrix.installed_variants()
    variants = installed if options.variants is None else tuple(options.variants.split(","))
    if unknown := [name for name in variants if name not in installed]:
        raise ValueError(f"Not installed: {', '.join(unknown)}. There are {', '.join(installed)}.")
    return team.Plan(
        variants, options.rounds, options.repetitions, options.threads, not options.times_only
    )


def main() -> None:
    """Measures, and prints the ratios."""
    options = arguments()
    keys = keras_attn.list_layers() if options.keys is None else options.keys.split(",")
    for key in keys:
        catalogue.describe(key)
    shapes = SHAPES
    if options.shapes:
        shapes = [check_shape([int(number) for number in s.split(",")]) for s in options.shapes]
    # By key first, so that a part of a run says most.
    cells = [(key, tuple(shape)) for shape in shapes for key in keys]
    results = matrix.run("layer", cells, plan_of(options), options.output)
    print(tables.report(results.content))
    print(f"\n{results.path}")


if __name__ == "__main__":
    try:
        main()
    except ValueError as error:
        sys.exit(f"benchmarks.layers: {error}")
