"""The small maps, layers and weights that the checks use."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
from keras import ops

from keras_attn.catalogue import Entry
from keras_attn.layers import AttentionLayer
from keras_attn.layers.torch_weights import load_torch_weights, published_variables

CHANNELS = 32
SIZES = (7, 6, 5)


def shape_of(rank: int, data_format: str = "channels_last", batch: int | None = 2) -> tuple:
    """The shape of a small map with `rank` spatial axes, each of a different size."""
    if data_format == "channels_last":
        return (batch, *SIZES[:rank], CHANNELS)
    return (batch, CHANNELS, *SIZES[:rank])


def random_map(shape: tuple, seed: int = 0) -> np.ndarray:
    """A map of standard normal numbers."""
    return np.random.default_rng(seed).standard_normal(shape).astype("float32")


def create(entry: Entry, **config: Any) -> AttentionLayer:
    """A new layer with the arguments that suit the small maps."""
    return entry.create(**{**entry.sample, **config})


def create_random(entry: Entry, shape: tuple, **config: Any) -> AttentionLayer:
    """The same layer, built for maps of that shape and with random weights.

    Initial values matter to no check, and some of them are 0, which would hide a part.
    """
    layer = create(entry, **config)
    layer.build(shape)
    load_torch_weights(layer, random_state(layer))
    return layer


def random_state(layer: AttentionLayer, seed: int = 0) -> dict[str, np.ndarray]:
    """Published weights for a built layer: normal numbers, and positive ones for variances."""
    generator = np.random.default_rng(seed)
    state = {}
    for each in published_variables(layer):
        normal = generator.standard_normal(each.torch_shape).astype("float32") / 2
        state[each.name] = 0.5 + np.abs(normal) if each.name.endswith("running_var") else normal
    return state


def copy_weights(source: keras.layers.Layer, target: keras.layers.Layer) -> None:
    """Gives `target` the weights of `source`, in its own dtype."""
    for from_variable, to_variable in zip(source.weights, target.weights, strict=True):
        to_variable.assign(ops.convert_to_numpy(from_variable.value))
