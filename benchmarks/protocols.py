"""What published training protocols cost, and a shortened run of one of them.

    python -m benchmarks.protocols                   # counts what each network computes
    python -m benchmarks.protocols --data-dir DIR    # the shortened run: CIFAR-10

The run follows `cifar-200` with a resnet20, with and without CBAM, for one seed: 6 epochs of 10,000
images. The counts are
kept in benchmarks/results/protocol_costs.json, the learning curves in protocol_run.json.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any, NamedTuple

import keras_attn
from benchmarks.matrix import RESULTS
from keras_attn.study import compare
from keras_attn.study.built_in import residual_network
from keras_attn.study.protocols import PROTOCOLS

COSTS = RESULTS / "protocol_costs.json"
FILE = RESULTS / "protocol_run.json"
FOLDER = Path("runs/protocol")

PROTOCOL, DATASET, MODEL, ATTENTION = "cifar-200", "cifar10", "resnet20", "cbam"
EPOCHS, SAMPLES = 6, 10_000

#: Multiply-accumulates per second that a training is assumed to sustain: a fifth of the peak of an
#: A100 in bfloat16, which its data sheet gives as 312e12 floating-point operations per second.
SUSTAINED = 312e12 / 2 / 5
#: Forward and backward passes together take about three times the operations of the forward pass.
PASSES = 3


class Table(NamedTuple):
    """A table of a paper that one command repeats.

    Attributes:
        protocol: The name of the protocol.
        command: The arguments of `keras-attn compare`.
        network: A built-in network, or a class of keras.applications.
        image_shape: Of one image.
        num_classes: How many.
        images: Training images.
        variants: What is compared, without attention first.
    """

    protocol: str
    command: str
    network: str
    image_shape: tuple[int, int, int]
    num_classes: int
    images: int
    variants: tuple[str, ...]


TABLES = (
    Table(
        "cifar-200",
        "cifar100 --model resnet50 --topologies se,bam,cbam,gam --select test",
        *("resnet50", (32, 32, 3), 100, 50_000),
        ("none", "se", "bam", "cbam", "gam"),
    ),
    Table(
        "medmnist-100",
        "pathmnist --model resnet18 --topologies csa,csafa",
        *("resnet18", (28, 28, 3), 9, 89_996),
        ("none", "csa", "csafa"),
    ),
    Table(
        "scsa-imagenet-100",
        "PATH --model resnet50 --size 224 --topologies scsa_synergistic",
        *("ResNet50", (224, 224, 3), 1000, 1_281_167),
        ("none", "scsa_synergistic"),
    ),
)


def macs(table: Table, variant: str) -> int:
    """Multiply-accumulates of a network for one image."""
    attention = None if variant == "none" else variant
    if table.network == "ResNet50":
        model = keras_attn.networks.create(
            "resnet50",
            attention,
            input_shape=table.image_shape,
            num_classes=table.num_classes,
        )
    else:
        model = residual_network(
            table.image_shape, "multi-class", table.num_classes, attention, table.network
        )
    return keras_attn.cost(model).macs


def gpu_hours(table: Table, macs: int) -> float:
    """Hours of one training at `SUSTAINED`, for a network of that many multiply-accumulates."""
    epochs = PROTOCOLS[table.protocol].training.epochs
    return PASSES * macs * table.images * epochs / SUSTAINED / 3600


def count() -> None:
    """Counts the multiply-accumulates of every network of the tables, and stores them."""
    counts = {
        table.protocol: {variant: macs(table, variant) for variant in table.variants}
        for table in TABLES
    }
    COSTS.write_text(json.dumps(counts, indent=1) + "\n", encoding="utf-8")


def stored_costs() -> dict[str, dict[str, int]]:
    """The multiply-accumulates of each network for one image, by protocol and variant."""
    return json.loads(COSTS.read_text(encoding="utf-8"))


def run(data_dir: Path) -> None:
    """Runs the shortened protocol, or resumes it, and stores the curves."""
    comparison = compare(
        keras_attn.load_dataset(DATASET, data_dir=data_dir),
        ATTENTION,
        model=MODEL,
        protocol=PROTOCOL,
        epochs=EPOCHS,
        samples=SAMPLES,
        seeds=1,
        output=FOLDER,
        command="python -m benchmarks.protocols",
    )
    content = {
        "versions": comparison.plan.versions(),
        "train_samples": int(comparison.results["train_samples"].iloc[0]),
        "trials": {
            trial["topology"]: {
                "accuracy": trial["accuracy"],
                # Without the times, which depend on what else the machine does.
                "curve": [
                    {name: value for name, value in point.items() if name != "seconds"}
                    for point in trial["curve"]
                ],
            }
            for trial in comparison.as_dict()["trials"]
        },
    }
    FILE.write_text(json.dumps(content, indent=0) + "\n", encoding="utf-8")


def stored() -> dict[str, Any]:
    """The learning curves of the shortened run, and how it was made."""
    return json.loads(FILE.read_text(encoding="utf-8"))


def main() -> None:
    """Counts, or runs the shortened protocol."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--data-dir", type=Path, help="where the files of the image sets are")
    options = parser.parse_args()
    if options.data_dir is None:
        count()
    else:
        run(options.data_dir)


if __name__ == "__main__":
    main()
