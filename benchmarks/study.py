"""Trials per hour of a study, beside the plain loop that builds and compiles every trial anew.

    python -m benchmarks.study breastmnist --topologies csa,cmssa --seeds 5 --epochs 10

Both run the same trials in one process, topology by topology in turn, and have to give the same
numbers. Writes benchmarks/results/study-DATE.json.
"""

from __future__ import annotations

import argparse
import datetime
import json
import os
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import keras
from rich.progress import track

import keras_attn
from benchmarks.matrix import RESULTS
from benchmarks.team import rounded
from keras_attn.data.dataset import Dataset
from keras_attn.hardware import processor_name
from keras_attn.study.files import prepare_folder, replacing
from keras_attn.study.grammar import as_variants
from keras_attn.study.plan import versions
from keras_attn.study.trainer import Trainer
from keras_attn.study.training import Training
from keras_attn.study.trial import Trial

LOOPS = ("shared", "plain")


def run(trainer: Callable[[], Trainer], seeds: int, loop: str) -> list[Trial]:
    """The trials of one topology.

    Args:
        trainer: Makes a trainer of it.
        seeds: How many.
        loop: `"shared"`: one compiled network for all seeds; `"plain"`: one for each.
    """
    shared = trainer()
    trials = []
    for seed in range(seeds):
        if loop == "plain":
            keras.utils.clear_session(free_memory=False)
            trials.append(trainer().run(seed))
        else:
            trials.append(shared.run(seed))
    return trials


def same(one: Trial, other: Trial) -> bool:
    """Whether two trials gave the same numbers to the last digit."""
    curves = [[point._replace(seconds=0.0) for point in trial.curve] for trial in (one, other)]
    return repr((curves[0], one.scores, one.recall)) == repr(
        (curves[1], other.scores, other.recall)
    )


def measure(
    dataset: Dataset, topologies: list[str], seeds: int, epochs: int, backbone: str
) -> dict[str, Any]:
    """Both loops over all topologies, in turn."""
    config = Training(epochs=epochs)
    seconds: dict[str, float] = dict.fromkeys(LOOPS, 0.0)
    rows, identical = [], True
    for place, topology in enumerate(track(topologies, "topologies")):
        trials, row = {}, {"topology": topology}
        for loop in LOOPS if place % 2 == 0 else LOOPS[::-1]:
            started = time.perf_counter()
            trials[loop] = run(partial(Trainer, dataset, topology, backbone, config), seeds, loop)
            row[loop] = rounded(time.perf_counter() - started)
            seconds[loop] += row[loop]
        identical &= all(map(same, trials["shared"], trials["plain"]))
        rows.append(row)
    count = len(topologies) * seeds
    per_hour = {loop: round(3600 * count / each, 1) for loop, each in seconds.items()}
    return {
        "trials": count,
        "seconds": rows,
        "trials_per_hour": per_hour,
        "ratio": round(seconds["plain"] / seconds["shared"], 2),
        "identical": identical,
    }


def main() -> None:
    """Measures, writes and prints."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("dataset", help="a name or path for load_dataset")
    parser.add_argument("--topologies", default="none,csa,cmssa,csafa", help="separated by commas")
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--epochs", type=int, default=10)
    parser.add_argument("--backbone", default="resnet20")
    parser.add_argument("--output", type=Path, help="the results file, in benchmarks/results")
    options = parser.parse_args()
    topologies = options.topologies.split(",")
    as_variants(topologies)
    dataset = keras_attn.load_dataset(options.dataset)
    today = datetime.date.today().isoformat()
    results = {
        "date": today,
        "cpu": processor_name(),
        "cores": len(os.sched_getaffinity(0)),
        **versions(),
        "dataset": dataset.name,
        "seeds": options.seeds,
        "epochs": options.epochs,
        "backbone": options.backbone,
        **measure(dataset, topologies, options.seeds, options.epochs, options.backbone),
    }
    path = options.output or RESULTS / f"study-{today}.json"
    prepare_folder(path.parent)
    with replacing(path) as temporary:
        temporary.write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")
    print(json.dumps({name: results[name] for name in ("trials_per_hour", "ratio", "identical")}))
    print(path)


if __name__ == "__main__":
    try:
        main()
    except ValueError as error:
        sys.exit(f"benchmarks.study: {error}")
