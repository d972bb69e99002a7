"""Moving statistics of batch normalisation, computed anew from training images.

Networks of other libraries have a momentum of 0.99 and more, which needs thousands of steps. In a
short training they would be judged by statistics that still contain their initial values.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import keras
import numpy as np

from keras_attn.kernels.devices import jit_compile

#: At most so many training images the statistics are computed from.
IMAGES = 512

#: The share of the batches of an epoch that are enough, so that it costs little, and the fewest.
SHARE = 1 / 16
FEWEST = 4


class Recalibration:
    """Sets the moving statistics of a model to their means over batches of training images.

    Layers that are frozen when it is first called keep theirs. Nothing else changes that a
    prediction depends on.

    Args:
        model: A built Functional model.
    """

    def __init__(self, model: keras.Model) -> None:
        self.layers = normalizations(model)
        self._variables = [
            variable
            for layer in self.layers
            for variable in (layer.moving_mean, layer.moving_variance)
        ]
        self._forward = InTraining(model)
        self._forward.compile(jit_compile=jit_compile())

    def __call__(self, images: np.ndarray, batch_size: int) -> None:
        """Computes the statistics anew.

        Args:
            images: The training images, of which the first ones of a fixed order are used: a
                sixteenth, but at least `FEWEST` batches and at most `IMAGES` images.
            batch_size: Images per batch.
        """
        if not self.layers:
            return
        wanted = max(int(len(images) * SHARE), FEWEST * batch_size)
        chosen = np.random.default_rng(0).permutation(len(images))[: min(wanted, IMAGES)]
        # A smaller last batch would count as much as the others.
        count = max(len(chosen) // batch_size, 1)
        sums = [np.zeros(variable.shape) for variable in self._variables]
        with _momentum(self.layers, 0.0):  # the statistics become those of the batch
            for batch in np.array_split(chosen[: count * batch_size], count):
                self._forward.predict_on_batch(images[np.sort(batch)])
                for total, variable in zip(sums, self._variables, strict=True):
                    total += keras.ops.convert_to_numpy(variable)
        for total, variable in zip(sums, self._variables, strict=True):
            variable.assign(total / count)


class InTraining(keras.Model):
    """A model that predicts as in training, by a step that Keras compiles on each backend."""

    def __init__(self, model: keras.Model) -> None:
        super().__init__()
        self.model = model

    def call(self, images: Any) -> Any:
        """The outputs of the model, which updates its moving statistics."""
        return self.model(images, training=True)


def normalizations(model: keras.Model) -> list[keras.layers.BatchNormalization]:
    """The layers of a model that have moving statistics, also in nested models."""
    kind = keras.layers.BatchNormalization
    return [layer for layer in model._flatten_layers() if isinstance(layer, kind)]


@contextmanager
def _momentum(layers: list[keras.layers.BatchNormalization], momentum: float) -> Iterator[None]:
    """Gives all layers another momentum for a while."""
    values = [layer.momentum for layer in layers]
    try:
        for layer in layers:
            layer.momentum = momentum
        yield
    finally:
        for layer, value in zip(layers, values, strict=True):
            layer.momentum = value
