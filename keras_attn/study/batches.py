"""Batches of one shape, in an order that depends on the seed alone."""

from __future__ import annotations

from collections.abc import Callable

import keras
import numpy as np

from keras_attn.study.configuration import TrainingConfig


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
    """

    def __init__(
        self, images: np.ndarray, targets: np.ndarray, config: TrainingConfig, seed: int
    ) -> None:
        super().__init__()
        self.images = images
        self.targets = targets
        self.config = config
        self.seed = seed
        self.batch_size = effective_batch_size(config, len(images))
        self.epoch = 0
        self._shuffle()

    def __len__(self) -> int:
        return len(self.images) // self.batch_size

    def __getitem__(self, index: int) -> tuple[np.ndarray, np.ndarray]:
        chosen = self.order[index * self.batch_size : (index + 1) * self.batch_size]
        images = self.images[chosen].astype("float32")
        return self._augment(images, index), self.targets[chosen]

    def on_epoch_end(self) -> None:
        """Shuffles for the next epoch."""
        self.epoch += 1
        self._shuffle()

    def _shuffle(self) -> None:
        self.order = np.random.default_rng((self.seed, self.epoch)).permutation(len(self.images))

    def _augment(self, images: np.ndarray, index: int) -> np.ndarray:
        # A backend may ask for a batch twice or in advance, so each batch has its own generator.
        random = np.random.default_rng((self.seed, self.epoch, index + 1))
        if self.config.flip:
            mirrored = random.random(len(images)) < 0.5
            images[mirrored] = images[mirrored, :, ::-1]
        if self.config.shift:
            moves = random.integers(-self.config.shift, self.config.shift + 1, (len(images), 2))
            images = np.stack([shifted(*pair) for pair in zip(images, moves, strict=True)])
        return images


def effective_batch_size(config: TrainingConfig, num_samples: int) -> int:
    """The batch size for a training split: no larger than the split."""
    return min(config.for_samples(num_samples).batch_size or 1, num_samples)


def shifted(image: np.ndarray, move: np.ndarray) -> np.ndarray:
    """The image moved down and right by (rows, columns); the border is filled with zeros."""
    result = np.zeros_like(image)
    source, target = zip(
        *(
            (slice(max(0, -step), max(0, size - step)), slice(max(0, step), max(0, size + step)))
            for step, size in zip(move, image.shape, strict=False)
        ),
        strict=True,
    )
    result[target] = image[source]
    return result


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
