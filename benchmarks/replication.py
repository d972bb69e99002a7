"""The replication of arXiv:2601.07310: every topology, on real images, with several seeds.

    python -m benchmarks.replication --list              # the studies and their progress
    python -m benchmarks.replication breastmnist         # run or resume one
    python -m benchmarks.replication --all --jobs 2
    python -m benchmarks.replication --all-sets --data-dir DIR --jobs 2

Each study is a folder of benchmarks/results/replication, in which `keras_attn.compare` stores its
trials: the same command resumes a run that was stopped. The repository contains the trials, but not
the files that can be made from them. `python -m docs.generate` writes docs/replication.md and the
guideline's evidence.json from them.

The trials of the studies with five seeds were trained when initial weights still depended on the
order in which layers were constructed. `keras_attn.compare` reads them but does not add trials to
them; studies with more seeds are therefore new ones, and are named after the number of seeds.

`--all-sets` runs the 14 sets of the paper with all of their training images, for somebody who has
the sets and an accelerator. `python -m docs.generate` then adds the finished ones to the page and
to the evidence. Of two studies of the same images, the one that is listed later counts.
"""

from __future__ import annotations

import argparse
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

import keras_attn
from benchmarks.matrix import RESULTS
from keras_attn.data import list_datasets, medmnist
from keras_attn.data.cifar import CLASS_NAMES as CIFAR
from keras_attn.data.dataset import Dataset, Split
from keras_attn.data.subsets import sampling_order
from keras_attn.study import compare
from keras_attn.study.forecast import duration
from keras_attn.study.status import read_status

FOLDER = RESULTS / "replication"

#: In the folder of a study: how its mean scores vary together over the test images. It is kept in
#: place of the predictions of a finished study, which are too large for the repository.
IMAGE_COVARIANCE = "image_covariance.csv"

#: Trainings per topology, where a study has no number of its own.
SEEDS = 5


class Study(NamedTuple):
    """One image set at one training size, with all topologies.

    Attributes:
        dataset: Name of the image set.
        samples: Training images, or None for all.
        epochs: Epochs of every trial, fewer for larger sets.
        backbone: Which residual network.
        batch_size: Images per step; None for the default.
        validation: Largest number of validation images, a stratified part; None for all.
        shift: Largest shift of the augmentation, in pixels.
        flip: Whether the augmentation mirrors images.
        seeds: Trainings per topology.
        prefix: What the name of its folder begins with.
    """

    dataset: str
    samples: int | None
    epochs: int
    backbone: str = "resnet20"
    batch_size: int | None = None
    validation: int | None = None
    shift: int = 0
    flip: bool = False
    seeds: int = SEEDS
    prefix: str = ""

    @property
    def name(self) -> str:
        """The name of its folder."""
        size = "" if self.samples is None else f"-{self.samples}"
        return f"{self.prefix}{self.dataset}{size}"

    def images(self, data_dir: Path | None) -> Dataset:
        """The image set, with at most `validation` validation images."""
        dataset = keras_attn.load_dataset(self.dataset, data_dir=data_dir)
        images, labels = dataset.val
        kept = np.sort(sampling_order(labels)[: self.validation])
        return replace(dataset, val=Split(images[kept], labels[kept]))


#: A network with 12.5 instead of 41 million multiply-accumulates (at 32 pixels), smaller batches
#: and so more steps per epoch, and only the validation images that are needed to choose an epoch.
SMALL: dict[str, Any] = {"backbone": "resnet8", "batch_size": 32, "validation": 300}
PHOTOGRAPHS: dict[str, Any] = {**SMALL, "shift": 2, "flip": True}

#: Studies that five seeds left undecided although the scores vary little from seed to seed.
MORE_SEEDS: dict[str, Any] = {"seeds": 10, "prefix": "ten-seeds-"}

STUDIES = {
    study.name: study
    for study in (
        Study("breastmnist", None, 10),
        Study("retinamnist", None, 8, **SMALL),
        Study("cifar10", 500, 12, **PHOTOGRAPHS),
        Study("pneumoniamnist", 500, 10, **SMALL),
        Study("cifar100", 5_000, 3, **PHOTOGRAPHS),
        Study("cifar10", 2_000, 5, **PHOTOGRAPHS),
        Study("pneumoniamnist", 2_000, 5, **SMALL),
        Study("cifar10", 10_000, 4, **PHOTOGRAPHS),
        Study("cifar10", None, 2, **PHOTOGRAPHS),
        Study("pneumoniamnist", 500, 10, **SMALL, **MORE_SEEDS),
        Study("pneumoniamnist", 2_000, 5, **SMALL, **MORE_SEEDS),
        Study("cifar10", 2_000, 5, **PHOTOGRAPHS, **MORE_SEEDS),
        Study("cifar10", 500, 12, **PHOTOGRAPHS, **MORE_SEEDS),
    )
}


def all_sets() -> dict[str, Study]:
    """Every image set of the paper with all of its training images, by the name of the study."""
    names = [each for each in list_datasets() if each != "digits" and not medmnist.is_3d(each)]
    studies = [
        Study(
            name, None, 50, prefix="whole-", **({"shift": 4, "flip": True} if name in CIFAR else {})
        )
        for name in names
    ]
    return {study.name: study for study in studies}


def study_of(name: str) -> Study:
    """The study of a name."""
    return STUDIES[name] if name in STUDIES else all_sets()[name]


def run(study: Study, data_dir: Path | None, jobs: int) -> None:
    """Runs a study, or resumes it, and writes its `IMAGE_COVARIANCE`."""
    comparison = compare(
        study.images(data_dir),
        keras_attn.list_topologies(),
        seeds=study.seeds,
        samples=study.samples,
        backbone=study.backbone,
        epochs=study.epochs,
        batch_size=study.batch_size,
        shift=study.shift,
        flip=study.flip,
        output=FOLDER / study.name,
        jobs=jobs,
        command=f"python -m benchmarks.replication {study.name}",
    )
    (covariance,) = comparison.image_covariances.values()
    if covariance is not None:
        covariance.to_csv(FOLDER / study.name / IMAGE_COVARIANCE, float_format="%.6g")


def progress(forecast: bool = True) -> str:
    """The progress of every study, one line each; with a forecast also the time that is left."""
    lines = []
    for name in STUDIES:
        if not (FOLDER / name / "study.json").exists():
            lines.append(f"{name}: not started")
            continue
        status = read_status(FOLDER / name)
        seconds = status.seconds_left if forecast else None
        left = f", {duration(seconds)} left" if seconds else ""
        lines.append(f"{name}: {status.finished} of {status.trials} trials{left}")
    return "\n".join(lines)


def main() -> None:
    """Runs the studies that the command line names."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("studies", nargs="*", help=f"of {', '.join(STUDIES)}")
    parser.add_argument("--all", action="store_true", help="every study, one after the other")
    parser.add_argument("--all-sets", action="store_true", help="the 14 sets of the paper, whole")
    parser.add_argument("--list", action="store_true", help="only show their progress")
    parser.add_argument("--data-dir", type=Path, help="where the files of the image sets are")
    parser.add_argument("--jobs", type=int, default=1, help="trials at the same time")
    options = parser.parse_args()
    if unknown := [name for name in options.studies if name not in STUDIES]:
        raise ValueError(f"Unknown study: {', '.join(unknown)}. Choose from {', '.join(STUDIES)}.")
    if options.list:
        print(progress())
        return
    names = list(all_sets()) if options.all_sets else list(STUDIES)
    if not (options.all or options.all_sets):
        names = options.studies
    if not names:
        raise ValueError("Name a study, or give --all, --all-sets or --list.")
    for name in names:
        run(study_of(name), options.data_dir, options.jobs)
    print(progress())


if __name__ == "__main__":
    try:
        main()
    except ValueError as error:
        sys.exit(f"benchmarks.replication: {error}")
