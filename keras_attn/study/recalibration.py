"""Moving statistics of batch normalisation, computed anew from training images.

Networks of other libraries have a momentum of 0.99 and more, which needs thousands of steps. In a
short training they would be judged by statistics that still contain their initial values.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import keras
import numpy as np

#: How many training images the statistics are computed from.
IMAGES = 512


def recalibrate(model: keras.Model, images: np.ndarray, batch_size: int) -> None:
    """Sets the moving statistics of a model to their means over batches of images.

    Layers that are frozen keep theirs. Nothing else changes that a prediction depends on.

    Args:
        model: A built model.
        images: The training images, of which the first `IMAGES` of a fixed order are used.
        batch_size: Images per batch.
    """
    layers = normalizations(model)
    if not layers:
        return
    chosen = np.random.default_rng(0).permutation(len(images))[:IMAGES]
    # A smaller last batch would count as much as the others.
    whole = max(len(chosen) // batch_size, 1) * batch_size
    with _momentum_restored(layers):
        for number, start in enumerate(range(0, min(whole, len(chosen)), batch_size)):
            for layer in layers:
                layer.momentum = number / (number + 1)  # the mean of the batches so far
            model(images[np.sort(chosen[start : start + batch_size])], training=True)


def normalizations(model: keras.Model) -> list[keras.layers.BatchNormalization]:
    """The layers of a model that have moving statistics, also in nested models."""
    kind = keras.layers.BatchNormalization
    return [layer for layer in model._flatten_layers() if isinstance(layer, kind)]


@contextmanager
def _momentum_restored(layers: list[keras.layers.BatchNormalization]) -> Iterator[None]:
    values = [layer.momentum for layer in layers]
    try:
        yield
    finally:
        for layer, value in zip(layers, values, strict=True):
            layer.momentum = value
