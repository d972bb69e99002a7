"""What a comparison costs in larger networks: steps, memory, input, and the study itself.

    python -m benchmarks.own_model                     # all installed backends
    python -m benchmarks.own_model --backends torch    # one; results of the others are kept

Networks of keras.applications, a U-Net and a RetinaNet are trained for a few steps, with attention
and without, on each installed backend, every combination in a process of its own. The images are
random. What the study itself takes is measured on 1,024 images of 96 pixels with MobileNetV2: a
trial beside a plain loop, which is `fit` of the same model on the same images with validation after
each epoch, and a prediction of the test images. The results are kept in
benchmarks/results/own_model.json. On JAX it takes very long: a step of MobileNetV2 took 24 seconds
on two cores, because XLA's depthwise convolutions are slow on the CPU.
"""

from __future__ import annotations

import argparse
import importlib.metadata
import importlib.util
import itertools
import json
import resource
import statistics
import time
from typing import Any, Literal, NamedTuple

import keras
import numpy as np

from benchmarks.matrix import RESULTS
from benchmarks.processes import BACKENDS, answer, machine
from benchmarks.subjects import SCHEDULED
from benchmarks.team import rounded
from keras_attn.bench import seconds
from keras_attn.data.dataset import Dataset, Split
from keras_attn.gates.parts import size
from keras_attn.kernels.devices import jit_compile
from keras_attn.study.files import replacing
from keras_attn.study.models import read_model
from keras_attn.study.optimizer import make_optimizer
from keras_attn.study.trainer import Trainer
from keras_attn.study.training import Training

FILE = RESULTS / "own_model.json"
STEPS = 3


class Subject(NamedTuple):
    """What is trained.

    Attributes:
        model: As in `compare`.
        task: Of the data set.
        size: Height and width of the images.
        batch: Images per step.
        attention: The variant that is compared with none.
    """

    model: str
    task: Literal["binary", "segmentation", "detection"]
    size: tuple[int, int]
    batch: int
    attention: str


SUBJECTS = {
    "U-Net": Subject("unet", "segmentation", (128, 128), 16, "csa@decoder"),
    "RetinaNet": Subject("retinanet", "detection", (256, 320), 8, "csa@blocks"),
    "MobileNetV2": Subject(
        "keras.applications:MobileNetV2", "binary", (224, 224), 32, "csa@stages"
    ),
    "ResNet50": Subject("keras.applications:ResNet50", "binary", (224, 224), 32, "csa@stages"),
}

#: Of the images that the study is compared with the plain loop on.
PLAIN_SIDE, PLAIN_STEPS, PLAIN_BATCH, PLAIN_EPOCHS = 96, 32, 32, 4


def random_dataset(
    size: tuple[int, int],
    batch: int,
    steps: int,
    task: Literal["binary", "segmentation", "detection"],
) -> Dataset:
    """Images of two classes: `steps` batches to train on, and one each to validate and to test."""
    generator = np.random.default_rng(0)

    def labels(count: int) -> np.ndarray:
        if task == "binary":
            return np.arange(count) % 2
        if task == "segmentation":
            return generator.integers(0, 2, (count, *size), "uint8")
        corners = generator.uniform(0, min(size) / 2, (count, 5, 2))
        sides = generator.uniform(16, min(size) / 2, (count, 5, 2))
        kinds = np.stack([np.arange(count * 5).reshape(count, 5) % 2, np.zeros((count, 5))], -1)
        return np.concatenate([corners, corners + sides, kinds], -1).astype("float32")

    splits = [
        Split(generator.integers(0, 256, (count, *size, 3), "uint8"), labels(count))
        for count in (steps * batch, batch, batch)
    ]
    return Dataset("random", task, ("zero", "one"), *splits)


def measure(name: str, variant: str) -> dict[str, float]:
    """Steps of a training on one batch.

    Returns:
        Seconds of a step and of a batch of input; GiB of memory.
    """
    subject = SUBJECTS[name]
    dataset = random_dataset(subject.size, subject.batch, 1, subject.task)
    augmentation = "standard" if subject.task == "binary" else "none"
    config = Training(batch_size=subject.batch, augmentation=augmentation)
    trainer = Trainer(dataset, variant, read_model(subject.model), config)
    batches = trainer._batches(0)
    taken = [seconds(lambda: batches[0]) for _ in range(STEPS)]
    before = peak()
    model = compiled(trainer)
    images, targets, *_ = batches[0]
    steps = [seconds(lambda: model.train_on_batch(images, targets)) for _ in range(2 + STEPS)]
    return {
        "parameters": sum(map(size, model.trainable_variables)),
        "step_s": statistics.median(steps[2:]),
        "input_s": statistics.median(taken),
        "peak_gib": peak() - before,
    }


def compiled(trainer: Trainer) -> keras.Model:
    """A new network of a study, compiled as the study compiles it."""
    model = trainer.build()
    model.compile(
        make_optimizer(trainer.config, steps=SCHEDULED, epochs=SCHEDULED),
        trainer.task.loss,
        jit_compile=jit_compile(),
    )
    return model


def beside_plain_loop() -> dict[str, float]:
    """Seconds of a trial without building and compiling its network, and of the plain loop.

    They take turns, since the speed of a machine drifts; each is the mean of two.
    """
    dataset = random_dataset((PLAIN_SIDE, PLAIN_SIDE), PLAIN_BATCH, PLAIN_STEPS, "binary")
    config = Training(epochs=PLAIN_EPOCHS, batch_size=PLAIN_BATCH)
    trainer = Trainer(dataset, "none", read_model("keras.applications:MobileNetV2"), config)
    trials, loops = [], []
    for seed in (0, 1):
        trial = trainer.run(seed)
        trials.append(trial.seconds - trial.preparation)
        loops.append(plain_loop(trainer))
    means = {"trial_s": statistics.mean(trials), "plain_s": statistics.mean(loops)}
    return {**means, "epochs": PLAIN_EPOCHS}


def plain_loop(trainer: Trainer) -> float:
    """Seconds of `fit` with validation after each epoch, and of predicting the test images."""
    model, dataset = compiled(trainer), trainer.dataset
    batches = trainer._batches(0)
    targets = trainer.task.encode(dataset.val.labels)
    validation = (dataset.val.images, targets)
    # Compiles everything that is timed below.
    model.fit(
        batches,
        steps_per_epoch=1,
        validation_data=validation,
        validation_batch_size=PLAIN_BATCH,
        verbose=0,
    )
    model.predict(dataset.test.images, PLAIN_BATCH, verbose=0)
    started = time.perf_counter()
    model.fit(
        batches,
        epochs=PLAIN_EPOCHS,
        validation_data=validation,
        validation_batch_size=PLAIN_BATCH,
        shuffle=False,
        verbose=0,
    )
    model.predict(dataset.test.images, PLAIN_BATCH, verbose=0)
    return time.perf_counter() - started


def peak() -> float:
    """The peak of the memory of this process, in GiB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20


def answered(backend: str, *what: str) -> dict[str, Any]:
    """`measure`, or without arguments `beside_plain_loop`, with that backend; or the error."""
    try:
        numbers = answer("benchmarks.own_model", backend, "--cell", *what)
    except RuntimeError as error:
        return {"error": str(error)[:200]}
    return {name: rounded(number) for name, number in numbers.items()}


def main() -> None:
    """Measures everything and writes the file."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--backends", default=",".join(BACKENDS), help="separated by commas")
    parser.add_argument("--only", choices=("steps", "study"), help="keep the other results")
    parser.add_argument("--cell", nargs="*", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.cell is not None:
        print(json.dumps(measure(*options.cell) if options.cell else beside_plain_loop()))
        return
    chosen = [name for name in options.backends.split(",") if importlib.util.find_spec(name)]
    content = stored() if FILE.exists() else {"cells": [], "plain": {}}
    stepping = chosen if options.only != "study" else []
    content["cells"] = [cell for cell in content["cells"] if cell["backend"] not in stepping]
    for (name, subject), backend in itertools.product(SUBJECTS.items(), stepping):
        for variant in ("none", subject.attention):
            place = {"network": name, "backend": backend, "variant": variant}
            content["cells"].append({**place, **answered(backend, name, variant)})
            print(json.dumps(content["cells"][-1]), flush=True)
            write(content)
    for backend in chosen if options.only != "steps" else ():
        content["plain"][backend] = answered(backend)
        print(backend, content["plain"][backend], flush=True)
        write(content)
    print(FILE)


def write(content: dict[str, Any]) -> None:
    """Keeps what was measured so far, and where."""
    names = ("keras", *BACKENDS)
    versions = {name: importlib.metadata.version(name) for name in names}
    with replacing(FILE) as temporary:
        text = json.dumps({**content, **machine(), "versions": versions}, indent=1)
        temporary.write_text(text + "\n", encoding="utf-8")


def stored() -> dict[str, Any]:
    """What was measured, and how."""
    return json.loads(FILE.read_text(encoding="utf-8"))


if __name__ == "__main__":
    main()
