"""The page on studies on many machines; what the whole grid costs comes from measured trials."""

from __future__ import annotations

import pandas as pd

import keras_attn
from benchmarks import claims, replication
from benchmarks.replication import SEEDS
from benchmarks.tables import markdown
from keras_attn.data import medmnist
from keras_attn.study.control import is_control
from keras_attn.study.forecast import duration

START = """\
# Studies on many machines

`keras-attn compare` keeps every trial as a file of its output folder, and holds a lock while it
runs one. Workers know nothing of each other but that folder. So there are three ways to use more of
a machine, or more machines, and they can be mixed:

* **Several processes**: `--jobs 4`. Each gets an even share of the processors.
* **Several terminals or batch jobs**: give the same command, with the same `--output`, as often as
  you like, on any machine that sees the folder. No trial is run twice.
* **A Ray cluster**: `--engine ray`, below.

How far a study is, from any machine that sees the folder:

    keras-attn compare --status runs/study

A run that was killed, on whichever machine, costs the trials that were running there and nothing
else: the same command goes on. The folder has to be on a file system with working locks (`flock`).
This was tested on local disks alone, with the nodes of a cluster on one machine.

## With Ray

    pip install "keras-attn[tensorflow,study,datasets,ray]"     # on every machine

    ray start --head --port 6379                                # on the first
    ray start --address FIRST:6379                              # on each of the others

    keras-attn compare breastmnist retinamnist --engine ray --address auto \\
        --topologies csa,sca,cmssa,csafa --seeds 5 --output /shared/runs/study

Every machine must see `/shared` under the same path; a worker that does not says so. There is one
worker a processor, or as many as `--jobs` says; if the cluster has graphics processors they are
shared evenly. `--address HOST:6379` names a cluster from a machine of it; `--address local` starts
one here for the time of the command. A worker that is lost is started again, up to three times.

The numbers are those of one process with the same seeds, but for rounding: how many threads a sum
is spread over can change its last digits, and on JAX also what else the same process ran before.

## What a grid costs
"""

COST = """
Measured: {seconds:.2f} ms of training a topology takes for one image, once, with resnet20 in
one process of the replication's ordinary machine, without a graphics processor ({studies};
validation and compilation included, mean over the 18 topologies; `python -m docs.generate` reckons
it from the stored trials). All 18 topologies on the 14 image
sets (CIFAR-10, CIFAR-100 and the twelve 2D sets of MedMNIST) with {seeds} seeds are
18 x 14 x {seeds} = {trials:,} trials, on {images:,} training images
in all. At the same speed, for images of 28 or 32 pixels:

{table}

Multiply-accumulates grow with the area of the images: at 64 pixels it is about five times as much,
at 224 about sixty.
"""

UNMEASURED = """
No study of the replication is complete yet, so there is nothing to reckon from.
"""

#: Training images of the two sets that MedMNIST's table does not have.
CIFAR = {"cifar10": 50_000, "cifar100": 50_000}


def page() -> str:
    """The page."""
    names = [
        name
        for name in claims.complete_studies()
        if replication.STUDIES[name].backbone == "resnet20"
    ]
    if not names:
        return START + UNMEASURED
    table = pd.concat([claims.results(name) for name in names])
    table = table[[not is_control(key) for key in table["topology"]]]
    seconds = (table["seconds"] / (table["epochs"] * table["train_samples"])).mean()
    sizes = {**CIFAR, **medmnist.training_sizes()}
    images = sum(sizes.values())
    topologies = len(keras_attn.list_topologies())
    rows = [["epochs", "one process", "8 processes", "64 processes"]]
    for epochs in (10, 30, 100):
        total = seconds * epochs * images * topologies * SEEDS
        rows.append([str(epochs), *(days(total / workers) for workers in (1, 8, 64))])
    return START + COST.format(
        seconds=1000 * seconds,
        studies=", ".join(names),
        seeds=SEEDS,
        trials=topologies * len(sizes) * SEEDS,
        images=images,
        table=markdown(rows),
    )


def days(seconds: float) -> str:
    """A long time."""
    return duration(seconds) if seconds < 2 * 86_400 else f"{seconds / 86_400:.0f} days"
