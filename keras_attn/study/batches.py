"""Batches of one shape, in an order that depends on the seed alone."""

from __future__ import annotations

from collections.abc import Callable

import keras
import numpy as np

from keras_attn.study.augmentation import Augmentation
from keras_attn.study.training import Training


class TrainingBatches(keras.utils.PyDataset):
    """A training split that is shuffled before each epoch.

    NumPy draws the order and the augmentation, so that every backend and every topology sees the
    same batches. Images that do not fill a batch are left out of that epoch, because the training
    step would be compiled again for a batch of another shape.

    Args:
        images: (N, H, W, channels), any type of number.
        targets: The targets of the loss, one row per image.
        config: Batch size and augmentation.
        seed: Decides the order and the augmentation.
        weights: The weight of each image in the loss; None if all are equal.
        located: `"masks"` or `"boxes"` if the targets are these, which move with the images.
    """

    def __init__(
        self,
        images: np.ndarray,
        targets: np.ndarray,
        config: Training,
        seed: int,
        weights: np.ndarray | None = None,
        located: str = "",
    ) -> None:
        super().__init__()
        self.images = images
        self.targets = targets
        self.weights = weights
        self.located = located
        self.config = config
        self.seed = seed
        self.batch_size = effective_batch_size(config, len(images))
        self.augmentation = Augmentation(config.augmentation, config.shift, config.flip)
        self.epoch = 0
        self._shuffle()

    def __len__(self) -> int:
        return len(self.images) // self.batch_size

    def __getitem__(self, index: int) -> tuple[np.ndarray, ...]:
        chosen = self.order[index * self.batch_size : (index + 1) * self.batch_size]
        images = self.images[chosen].astype("float32")
        batch = self._augment(images, self.targets[chosen], index)
        return batch if self.weights is None else (*batch, self.weights[chosen])

    def on_epoch_end(self) -> None:
        """Shuffles for the next epoch."""
        self.epoch += 1
        self._shuffle()

    def _shuffle(self) -> None:
        self.order = np.random.default_rng((self.seed, self.epoch)).permutation(len(self.images))

    def _augment(
        self, images: np.ndarray, targets: np.ndarray, index: int
    ) -> tuple[np.ndarray, np.ndarray]:
        # A backend may ask for a batch twice or in advance, so each batch has its own generator.
        random = np.random.default_rng((self.seed, self.epoch, index + 1))
        located = {self.located: targets} if self.located else {}
        images, moved = self.augmentation(images, random, **located)
        return images, targets if moved is None else moved


def effective_batch_size(config: Training, num_samples: int) -> int:
    """The batch size for a training split: no larger than the split."""
    return min(config.for_samples(num_samples).batch_size or 1, num_samples)


def predict_batches(
    predict: Callable[[np.ndarray], np.ndarray], images: np.ndarray, batch_size: int
) -> np.ndarray:
    """The outputs for all images, from a function that takes batches of one fixed size.

    The last batch is filled with copies of its last image, whose outputs are dropped.
    """
    outputs = []
    for start in range(0, len(images), batch_size):
        batch = images[start : start + batch_size].astype("float32")
        filling = [(0, batch_size - len(batch))] + [(0, 0)] * (batch.ndim - 1)
        outputs.append(np.asarray(predict(np.pad(batch, filling, mode="edge"))))
    return np.concatenate(outputs)[: len(images)]
