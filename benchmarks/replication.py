"""This project's own answer to the claims of arXiv:2601.07310: every topology, on real images.

    python -m benchmarks.replication --list              # the studies, and how far each is
    python -m benchmarks.replication breastmnist         # run one, or go on with it
    python -m benchmarks.replication --all --jobs 2

Each study is a folder of benchmarks/results/replication, in which `keras_attn.compare` keeps its
trials: a run that was ended goes on with the same command. The trials are kept in the repository;
what can be made from them is not. `python -m docs.generate` writes docs/replication.md and the
guideline's evidence.json from them.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import NamedTuple

import keras_attn
from benchmarks.matrix import RESULTS
from keras_attn.study import compare
from keras_attn.study.status import duration, read_status

FOLDER = RESULTS / "replication"


class Study(NamedTuple):
    """One image set at one training size; all topologies, five seeds.

    Attributes:
        dataset: Its name.
        samples: Training images, or None for all.
        epochs: Of every trial: fewer for larger sets, as the machine's time allows.
        shift: Of the augmentation, in pixels.
        flip: Of the augmentation.
    """

    dataset: str
    samples: int | None
    epochs: int
    shift: int = 0
    flip: bool = False

    @property
    def name(self) -> str:
        """Of its folder."""
        return self.dataset if self.samples is None else f"{self.dataset}-{self.samples}"


STUDIES = {
    study.name: study
    for study in (
        Study("breastmnist", None, 10),
        Study("retinamnist", None, 10),
        Study("pneumoniamnist", 500, 10),
        Study("pneumoniamnist", 2_000, 10),
        Study("cifar10", 500, 20, shift=2, flip=True),
        Study("cifar10", 2_000, 12, shift=2, flip=True),
        Study("cifar100", 5_000, 10, shift=2, flip=True),
        Study("cifar10", 10_000, 8, shift=2, flip=True),
        Study("cifar10", None, 4, shift=2, flip=True),
    )
}

SEEDS = 5


def run(study: Study, data_dir: Path | None, jobs: int) -> None:
    """Runs a study, or what is left of it."""
    compare(
        study.dataset,
        keras_attn.list_topologies(),
        seeds=SEEDS,
        samples=study.samples,
        epochs=study.epochs,
        shift=study.shift,
        flip=study.flip,
        data_dir=data_dir,
        output=FOLDER / study.name,
        jobs=jobs,
        command=f"python -m benchmarks.replication {study.name}",
    )


def progress() -> str:
    """How far every study is, a line each."""
    lines = []
    for name in STUDIES:
        if not (FOLDER / name / "study.json").exists():
            lines.append(f"{name}: not begun")
            continue
        status = read_status(FOLDER / name)
        left = "" if status.seconds_left is None else f", {duration(status.seconds_left)} left"
        lines.append(f"{name}: {status.finished} of {status.trials} trials{left}")
    return "\n".join(lines)


def main() -> None:
    """Runs the studies that are named."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("studies", nargs="*", help=f"of {', '.join(STUDIES)}")
    parser.add_argument("--all", action="store_true", help="every study, one after the other")
    parser.add_argument("--list", action="store_true", help="only say how far they are")
    parser.add_argument("--data-dir", type=Path, help="where the files of the image sets are")
    parser.add_argument("--jobs", type=int, default=1, help="trials at a time")
    options = parser.parse_args()
    if unknown := [name for name in options.studies if name not in STUDIES]:
        raise ValueError(f"No study {', '.join(unknown)}. There are {', '.join(STUDIES)}.")
    if options.list:
        print(progress())
        return
    names = list(STUDIES) if options.all else options.studies
    if not names:
        raise ValueError("Name a study, or give --all or --list.")
    for name in names:
        run(STUDIES[name], options.data_dir, options.jobs)
    print(progress())


if __name__ == "__main__":
    try:
        main()
    except ValueError as error:
        sys.exit(f"benchmarks.replication: {error}")
