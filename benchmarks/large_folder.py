"""What a folder that is larger than the memory costs a training: memory, and time per step.

    python -m benchmarks.large_folder --images 54000     # 8 GB of decoded images

A MobileNetV2 is trained for some steps at 224 pixels, once on images from a file and once on a few
images in memory, each in a process of its own. The images are made up; their content does not
matter.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import time
from pathlib import Path

import numpy as np

SIDE = 224
BATCH = 32


def make_folder(root: Path, count: int) -> None:
    """Writes `count` JPEG files of two classes."""
    from PIL import Image

    random = np.random.default_rng(0)
    small = random.integers(0, 256, (64, 14, 14, 3), "uint8")
    for index in range(count):
        path = root / ("even", "odd")[index % 2] / f"{index:06}.jpg"
        if not path.exists():
            path.parent.mkdir(parents=True, exist_ok=True)
            pixels = np.roll(small[index % 64], index, axis=(index // 64) % 2)
            Image.fromarray(pixels).resize((SIDE, SIDE)).save(path, quality=80)


def train(root: Path, steps: int, in_memory: bool) -> dict[str, float]:
    """Trains for some steps; the peak of the memory, and the median time per step."""
    import keras

    import keras_attn
    from keras_attn.data.dataset import Split
    from keras_attn.data.subsets import subset
    from keras_attn.study.batches import TrainingBatches
    from keras_attn.study.training import Training

    started = time.perf_counter()
    dataset = keras_attn.load_dataset(root, size=SIDE)
    loading = time.perf_counter() - started
    if in_memory:
        images, labels = subset(dataset, 4 * BATCH).train
        images = np.asarray(images)
        train = Split(np.tile(images, (steps // 4 + 1, 1, 1, 1)), np.tile(labels, steps // 4 + 1))
    else:
        train = dataset.train
    before = peak()
    config = Training(batch_size=BATCH)
    batches = TrainingBatches(train.images, train.labels.astype("float32")[:, None], config, 0)
    model = keras.applications.MobileNetV2((SIDE, SIDE, 3), weights=None, classes=1)
    model.compile("sgd", "binary_crossentropy")
    times: list[float] = []

    class Watch(keras.callbacks.Callback):
        def on_train_batch_end(self, batch: int, logs: dict | None = None) -> None:
            times.append(time.perf_counter())

    model.fit(
        batches, epochs=1, steps_per_epoch=steps, verbose=0, shuffle=False, callbacks=[Watch()]
    )
    return {
        "images_gb": len(dataset.train.images) * SIDE * SIDE * 3 / 2**30,
        "loading_s": loading,
        "peak_before_training_gb": before,
        "peak_gb": peak(),
        "step_s": float(np.median(np.diff(times[2:]))),
    }


def peak() -> float:
    """The peak of the memory of this process, in GiB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20


def main() -> None:
    """Makes the folder, and trains twice."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--images", type=int, default=54_000)
    parser.add_argument("--steps", type=int, default=100)
    parser.add_argument("--folder", type=Path, default=Path("runs/large_folder"))
    parser.add_argument("--run", choices=("file", "memory"), help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.run:
        print(json.dumps(train(options.folder, options.steps, options.run == "memory")))
        return
    make_folder(options.folder, options.images)
    for run in ("file", "memory"):
        command = [sys.executable, "-m", "benchmarks.large_folder", "--run", run]
        command += ["--folder", str(options.folder), "--steps", str(options.steps)]
        done = subprocess.run(command, check=True, capture_output=True, text=True)
        print(run, done.stdout.strip().splitlines()[-1])


if __name__ == "__main__":
    main()
