"""One training of one network, by the study's trainer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
import pandas as pd

from keras_attn.data.dataset import Dataset
from keras_attn.study.grammar import parse_variant
from keras_attn.study.trainer import Trainer
from keras_attn.study.training import Training
from keras_attn.study.trial import Trial
from keras_attn.study.variants import BASELINE
from keras_attn.tutorial.portion import take


@dataclass(frozen=True)
class Run:
    """A trained network, and its predictions for the test images.

    Attributes:
        dataset: The images.
        trial: The record of the training.
        model: The network with the weights of its best epoch; it takes images as they are in
            the image set, and gives logits.
        probabilities: Of the test images, (N, classes).
    """

    dataset: Dataset
    trial: Trial
    model: keras.Model
    probabilities: np.ndarray

    @property
    def topology(self) -> str:
        """A key of the catalogue, or `"none"` for the network without attention."""
        return self.trial.topology

    @property
    def history(self) -> pd.DataFrame:
        """One row per epoch: losses, and the validation scores."""
        return pd.DataFrame(self.trial.curve).set_index("epoch")

    @property
    def metrics(self) -> dict[str, float]:
        """Those of the study, on the test images."""
        return self.trial.scores

    @property
    def predictions(self) -> np.ndarray:
        """The class of each test image, (N,); 0 or 1 for each label, (N, labels)."""
        if self.dataset.test.labels.ndim == 2:
            return (self.probabilities > 0.5).astype(int)
        return self.probabilities.argmax(axis=-1)


def train(
    dataset: Dataset,
    topology: str = BASELINE,
    *,
    epochs: int = 10,
    backbone: str = "resnet20",
    samples: int | None = None,
    seed: int = 0,
    progress: bool = True,
    **config: Any,
) -> Run:
    """Trains a network once, as one trial of `keras_attn.compare` is trained.

    Args:
        dataset: The images.
        topology: A key of the catalogue, or `"none"` for no attention.
        epochs: How many; the one with the best validation score is kept.
        backbone: `"resnet8"`, `"resnet20"`, `"resnet18"` or `"resnet50"`.
        samples: How many of the training images to use (`take`); all if None.
        seed: Decides the first weights and the order of the images.
        progress: Whether to print a line that counts the epochs.
        **config: Other arguments of `Training`: `batch_size`, `learning_rate`,
            `weight_decay`, `shift` and `flip`.

    Returns:
        The network and its scores.

    Raises:
        ValueError: If an argument is invalid.
        RuntimeError: If the loss became NaN or infinite.

    Example:
        >>> import keras_attn
        >>> digits = take(keras_attn.load_dataset("digits"), 100)
        >>> run = train(digits, "csa", epochs=1, backbone="resnet8", progress=False)
        >>> run.probabilities.shape
        (100, 10)
    """
    parse_variant(topology)
    if samples is not None:
        evaluated = max(len(dataset.val.images), len(dataset.test.images))
        dataset = take(dataset, samples, evaluated)
    trainer = Trainer(dataset, topology, backbone, Training(epochs, **config))

    def show(epoch: int) -> None:
        """Overwrites the line of the previous epoch."""
        print(f"\r{topology}: epoch {epoch} of {epochs}", end="", flush=True)

    trial = trainer.run(seed, show if progress else None)
    if progress:
        print(f", {trial.seconds:.0f} s")
    if trial.diverged:
        raise RuntimeError(
            f"The training of {topology!r} diverged: its loss became NaN or infinite. "
            "Try a lower `learning_rate`."
        )
    logits = trainer.logits(trainer.model, dataset.test.images)
    return Run(dataset, trial, trainer.model, trainer.task.predictions(dataset.test.labels, logits))
