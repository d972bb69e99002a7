"""What pairing the initial weights does to the spread of paired differences.

    python -m benchmarks.pairing                     # writes benchmarks/results/pairing.json
    python -m benchmarks.pairing --sets digits --seeds 2 --output other.json

Trains `none` and `csa` on small subsets, once with initial weights that depend on the seed and the
names of layers, as `keras_attn.compare` does, and once with initial weights that are drawn in the
order in which layers are constructed, as Keras does by itself. The images, their order and
everything else are the same. Takes about 12 minutes of one processor.
"""

from __future__ import annotations

import argparse
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

import keras
import numpy as np

import keras_attn
from benchmarks.matrix import RESULTS
from keras_attn.data.dataset import Dataset, Split
from keras_attn.data.subsets import sampling_order, subset
from keras_attn.study.files import write_json
from keras_attn.study.plan import versions
from keras_attn.study.trainer import Trainer
from keras_attn.study.training import Training

FILE = RESULTS / "pairing.json"

TOPOLOGIES = ("none", "csa")
BACKBONE, EPOCHS, SEEDS, VALIDATION = "resnet8", 3, 40, 100

#: Training images of each set; None for all.
SETS: dict[str, int | None] = {"digits": 400, "breastmnist": None, "pneumoniamnist": 500}

RULES = ("by order of construction", "by name of layer")


class UnpairedTrainer(Trainer):
    """Draws initial weights in the order in which layers are constructed."""

    def _restart(self, model: keras.Model, seed: int) -> None:
        super()._restart(model, seed)
        drawn = self.build(seed)
        for variable, value in zip(model.variables, drawn.variables, strict=True):
            variable.assign(keras.ops.convert_to_numpy(value))


class Spread(NamedTuple):
    """The differences of one set under one rule.

    Attributes:
        difference: Mean difference in AUC, `csa` minus `none`.
        deviation: Standard deviation of the paired differences.
        correlation: Correlation of the two networks' AUC over the seeds.
    """

    difference: float
    deviation: float
    correlation: float


def images(name: str, samples: int | None, data_dir: Path | None) -> Dataset:
    """The training images that are used, and at most `VALIDATION` validation images."""
    dataset = keras_attn.load_dataset(name, data_dir=data_dir)
    dataset = dataset if samples is None else subset(dataset, samples)
    pictures, labels = dataset.val
    kept = np.sort(sampling_order(labels)[:VALIDATION])
    return replace(dataset, val=Split(pictures[kept], labels[kept]))


def measure(name: str, seeds: int, data_dir: Path | None) -> dict[str, dict[str, list[float]]]:
    """The AUC of every seed on the test images, by rule and topology."""
    dataset, config = images(name, SETS[name], data_dir), Training(epochs=EPOCHS)
    trainers = dict(zip(RULES, (UnpairedTrainer, Trainer), strict=True))
    found: dict[str, dict[str, list[float]]] = {}
    for rule, trainer_class in trainers.items():
        found[rule] = {}
        for topology in TOPOLOGIES:
            trainer = trainer_class(dataset, topology, BACKBONE, config)
            found[rule][topology] = [trainer.run(seed).scores["auc"] for seed in range(seeds)]
    return found


def spread(scores: dict[str, list[float]]) -> Spread:
    """The spread of the paired differences."""
    baseline, attended = (np.array(scores[topology]) for topology in TOPOLOGIES)
    differences = attended - baseline
    return Spread(
        float(differences.mean()),
        float(differences.std(ddof=1)),
        float(np.corrcoef(baseline, attended)[0, 1]),
    )


def main() -> None:
    """Measures the sets that the command line names."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--sets", nargs="*", choices=SETS, default=list(SETS))
    parser.add_argument("--seeds", type=int, default=SEEDS)
    parser.add_argument("--data-dir", type=Path, help="where the files of the image sets are")
    parser.add_argument("--output", type=Path, default=FILE)
    options = parser.parse_args()
    found: dict[str, Any] = {
        name: measure(name, options.seeds, options.data_dir) for name in options.sets
    }
    settings = {"backbone": BACKBONE, "epochs": EPOCHS, "samples": SETS, **versions()}
    write_json(options.output, {**settings, "auc": found}, indent=1)
    for name, rules in found.items():
        for rule, scores in rules.items():
            print(name, rule, spread(scores))


if __name__ == "__main__":
    main()
