"""What a comparison in a user's own model costs: steps, memory, input, and the study itself.

    python -m benchmarks.own_model                     # all installed backends
    python -m benchmarks.own_model --backends torch    # one; results of the others are kept

MobileNetV2 and ResNet50 of keras.applications are trained for a few steps at 224 pixels, with and
without CSA after each stage, on each installed backend, every combination in a process of its own.
The images are random. What the study itself takes is measured on 1,024 images of 96 pixels with
MobileNetV2: a trial beside a plain loop, which is `fit` of the same model on the same images with
validation after each epoch, and a prediction of the test images. The results are kept in
benchmarks/results/own_model.json. On JAX it takes very long: a step of MobileNetV2 took 24 seconds
on two cores, because XLA's depthwise convolutions are slow on the CPU.
"""

from __future__ import annotations

import argparse
import datetime
import importlib.metadata
import importlib.util
import itertools
import json
import os
import resource
import statistics
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import keras
import numpy as np

from benchmarks.matrix import RESULTS
from keras_attn.bench import seconds
from keras_attn.data.dataset import Dataset, Split
from keras_attn.gates.parts import size
from keras_attn.hardware import processor_name
from keras_attn.kernels.devices import jit_compile
from keras_attn.study.files import replacing
from keras_attn.study.models import read_model
from keras_attn.study.trainer import Trainer
from keras_attn.study.training import Training

FILE = RESULTS / "own_model.json"
MODELS = ("MobileNetV2", "ResNet50")
VARIANTS = ("none", "csa@stages")
BACKENDS = ("tensorflow", "jax", "torch")
BATCH, EPOCHS = 32, 2
SIDE, STEPS = 224, 5
#: Of the images that the study is compared with the plain loop on.
PLAIN_SIDE, PLAIN_STEPS = 96, 32


def random_dataset(side: int, steps: int) -> Dataset:
    """Images of two classes: `steps` batches to train on, and one each to validate and to test."""
    generator = np.random.default_rng(0)
    splits = [
        Split(
            generator.integers(0, 256, (count, side, side, 3), "uint8"),
            generator.integers(0, 2, count),
        )
        for count in (steps * BATCH, BATCH, BATCH)
    ]
    return Dataset("random", "binary", ("zero", "one"), *splits)


def measure(name: str, variant: str) -> dict[str, float]:
    """Steps of a training on one batch.

    Returns:
        Seconds of a step and of a batch of input; GiB of memory.
    """
    dataset = random_dataset(SIDE, 1)
    config = Training(batch_size=BATCH, augmentation="standard")
    trainer = Trainer(dataset, variant, read_model(f"keras.applications:{name}"), config)
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
    config = trainer.config
    model.compile(
        keras.optimizers.AdamW(config.learning_rate, weight_decay=config.weight_decay),
        trainer.task.loss,
        jit_compile=jit_compile(),
    )
    return model


def beside_plain_loop() -> dict[str, float]:
    """Seconds of a trial without building and compiling its network, and of the plain loop."""
    dataset = random_dataset(PLAIN_SIDE, PLAIN_STEPS)
    config = Training(epochs=EPOCHS, batch_size=BATCH)
    trainer = Trainer(dataset, "none", read_model("keras.applications:MobileNetV2"), config)
    trial = trainer.run(seed=0)
    return {"trial_s": trial.seconds - trial.preparation, "plain_s": plain_loop(trainer)}


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
        validation_batch_size=BATCH,
        verbose=0,
    )
    model.predict(dataset.test.images, BATCH, verbose=0)
    started = time.perf_counter()
    model.fit(
        batches,
        epochs=EPOCHS,
        validation_data=validation,
        validation_batch_size=BATCH,
        shuffle=False,
        verbose=0,
    )
    model.predict(dataset.test.images, BATCH, verbose=0)
    return time.perf_counter() - started


def peak() -> float:
    """The peak of the memory of this process, in GiB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20


def in_process(backend: str, *what: str) -> dict[str, Any]:
    """`measure`, or without arguments `beside_plain_loop`, in a new process with that backend."""
    process = subprocess.run(
        [sys.executable, "-m", "benchmarks.own_model", "--cell", *what],
        env={**os.environ, "KERAS_BACKEND": backend, "TF_CPP_MIN_LOG_LEVEL": "3"},
        cwd=Path(__file__).parents[1],
        capture_output=True,
        text=True,
        check=False,
    )
    if process.returncode:
        last = process.stderr.strip().rpartition("\n")[2]
        return {"error": last[:200]}
    numbers = json.loads(process.stdout.strip().rpartition("\n")[2])
    return {name: float(f"{number:.4g}") for name, number in numbers.items()}


def main() -> None:
    """Measures everything and writes the file."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--backends", default=",".join(BACKENDS), help="separated by commas")
    parser.add_argument("--cell", nargs="*", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.cell is not None:
        print(json.dumps(measure(*options.cell) if options.cell else beside_plain_loop()))
        return
    chosen = [name for name in options.backends.split(",") if importlib.util.find_spec(name)]
    content = stored() if FILE.exists() else {"cells": [], "plain": {}}
    cells = [cell for cell in content["cells"] if cell["backend"] not in chosen]
    for model, backend, variant in itertools.product(MODELS, chosen, VARIANTS):
        found = in_process(backend, model, variant)
        cells.append({"model": model, "backend": backend, "variant": variant, **found})
        print(json.dumps(cells[-1]), flush=True)
    plain = {backend: in_process(backend) for backend in chosen}
    print(json.dumps(plain))
    content = {
        "date": datetime.date.today().isoformat(),
        "cpu": processor_name(),
        "cores": len(os.sched_getaffinity(0)),
        "versions": {name: importlib.metadata.version(name) for name in ("keras", *BACKENDS)},
        "cells": cells,
        "plain": content["plain"] | plain,
    }
    with replacing(FILE) as temporary:
        temporary.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")
    print(FILE)


def stored() -> dict[str, Any]:
    """What was measured, and how."""
    return json.loads(FILE.read_text(encoding="utf-8"))


if __name__ == "__main__":
    main()
