"""The page about studies on many machines; it computes the cost of a grid from measured trials."""

from __future__ import annotations

import pandas as pd

import keras_attn
from benchmarks import replication, stored_studies
from benchmarks.replication import SEEDS
from benchmarks.tables import markdown
from keras_attn.data import medmnist
from keras_attn.study.control import is_control
from keras_attn.study.forecast import duration

START = """\
# Studies on many machines

`keras-attn compare` saves every trial as a file in its output folder, and locks the trial while it
runs. Workers share nothing but this folder. There are therefore three ways to use more processors
or more machines, and you can combine them:

* **Several processes**: `--jobs 4`. Each gets an equal share of the processors.
* **Several terminals or batch jobs**: start the same command, with the same `--output`, as often as
  you like, on any machine that sees the folder. No trial runs twice.
* **A Ray cluster**: `--engine ray`, see below.

Any machine that sees the folder can show the progress of a study:

    keras-attn compare --status runs/study

If a run is killed, on whichever machine, only the trials that were running there are lost, and the
same command resumes the study. The folder must be on a file system with working locks (`flock`).
This was tested only on local disks, with all nodes of the cluster on one machine.

## With Ray

    pip install ".[tensorflow,study,datasets,ray]"   # in a clone, everywhere

    ray start --head --port 6379                     # on the first machine
    ray start --address FIRST:6379                   # on each of the others

    keras-attn compare breastmnist retinamnist --engine ray --address auto \\
        --topologies csa,sca,cmssa,csafa --seeds 5 --output /shared/runs/study

Every machine must see `/shared` under the same path; a worker that does not see it reports an
error. There is one worker per processor, unless `--jobs` sets another number; if the cluster has
graphics processors, they are shared equally. `--address HOST:6379` selects a cluster from one of
its machines; `--address local` starts a cluster on this machine for as long as the command runs. A
worker that is lost is restarted up to three times.

The results equal those of a single process with the same seeds, except for rounding: the number of
threads that compute a sum can change its last digits, and on JAX and TensorFlow so can whatever
else the same process ran before.

## What a grid costs
"""

COST = """
Measured: training a topology takes {seconds:.2f} ms per image and epoch, with resnet20 in one
process on the machine of the replication, without a graphics processor ({studies}; mean over the 18
topologies, including validation and compilation; `python -m docs.generate` computes it from the
stored trials). All 18 topologies on the 14 image sets (CIFAR-10, CIFAR-100 and the twelve
two-dimensional sets of MedMNIST) with {seeds} seeds are 18 x 14 x {seeds} = {trials:,} trials, on
{images:,} training images in all. At the same speed, for images of 28 or 32 pixels, the wall-clock
time is:

{table}

Multiply-accumulates grow with the area of the images: about five times at 64 pixels, and about
sixty times at 224.
"""

UNMEASURED = """
No study of the replication is complete yet, so the cost has not been measured.
"""

#: Training images of the two sets that are not in MedMNIST's table.
CIFAR = {"cifar10": 50_000, "cifar100": 50_000}


def page() -> str:
    """The text of the page."""
    names = [
        name
        for name in stored_studies.complete_studies()
        if replication.study_of(name).backbone == "resnet20"
    ]
    if not names:
        return START + UNMEASURED
    table = pd.concat([stored_studies.results(name) for name in names])
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
    """A duration in words: in days from two days on."""
    return duration(seconds) if seconds < 2 * 86_400 else f"{seconds / 86_400:.0f} days"
