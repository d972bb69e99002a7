"""The networks beside which topologies are judged: one without attention, one with mere weights.

That attention helps says little if as many weights without attention help as much. So every study
has a network whose blocks end in a plain bottleneck of two 1x1 convolutions, with as many weights
as a topology has there.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from functools import partial
from typing import Any

import keras
from keras import layers

from keras_attn import catalogue

#: The name of the network without attention among the topologies.
BASELINE = "none"

#: Before the key of the topology whose number of weights a plain network has.
MATCHED = "matched-"


def matched_to(topology: str) -> str | None:
    """The key of the topology that a plain network is matched to; None for any other."""
    return topology.removeprefix(MATCHED) if topology.startswith(MATCHED) else None


def is_control(topology: str) -> bool:
    """Whether it is no topology, but a network that topologies are judged beside."""
    return topology == BASELINE or matched_to(topology) is not None


def matched_control(topologies: Iterable[str]) -> tuple[str, ...]:
    """The plain network matched to the topology with most weights; none if there is no topology.

    As many weights as the largest has are at least as many as any other has.
    """
    keys = [key for key in topologies if not is_control(key)]
    if not keys or any(matched_to(key) for key in topologies):
        return ()
    return (MATCHED + max(keys, key=lambda key: weights_of(key, 64)),)


def weights_of(key: str, channels: int) -> int:
    """Trainable weights of a topology on maps of so many channels; 0 if it takes none such."""
    return catalogue.describe(key).parameters_or_none(channels) or 0


def attention_of(topology: str) -> str | Callable[[], layers.Layer] | None:
    """What `build_model` puts at the end of each block's branch.

    Args:
        topology: A key of the catalogue, `"none"`, or `"matched-"` and a key.
    """
    if topology == BASELINE:
        return None
    key = matched_to(topology)
    return topology if key is None else partial(PlainBottleneck, key)


def check_topology(topology: str) -> None:
    """Checks that there is such a network.

    Raises:
        ValueError: If a key is not in the catalogue.
    """
    if topology != BASELINE:
        catalogue.create(matched_to(topology) or topology)


def meaning(topology: str) -> str:
    """What it computes, in a few words or a formula."""
    if topology == BASELINE:
        return "without attention"
    key = matched_to(topology)
    if key is not None:
        return f"no attention, but as many weights as {key}, in 1x1 convolutions"
    return catalogue.describe(topology).formula


@keras.saving.register_keras_serializable(package="keras_attn")
class PlainBottleneck(layers.Layer):
    """x + W2 relu(W1 x + b1) + b2 at each pixel, with about as many weights as a topology.

    Args:
        matched: Key of the topology. The bottleneck is as wide as brings the number of weights
            nearest to its number, and at least one channel.
        **kwargs: Of every Keras layer.

    Shape:
        Input and output (B, H, W, C).

    Example:
        >>> PlainBottleneck("csa")(keras.ops.ones((1, 8, 8, 64))).shape[-1]
        64
    """

    def __init__(self, matched: str, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        catalogue.describe(matched)
        self.matched = matched

    def build(self, input_shape: tuple[int | None, ...]) -> None:
        """Makes both convolutions."""
        channels = input_shape[-1]
        assert channels is not None
        # 2 C h weights, and h + C biases.
        width = max(1, round((weights_of(self.matched, channels) - channels) / (2 * channels + 1)))
        options = {"kernel_initializer": "he_normal", "dtype": self.dtype_policy}
        self.squeeze = layers.Conv2D(
            width, 1, activation="relu", data_format="channels_last", name="squeeze", **options
        )
        self.expand = layers.Conv2D(
            channels, 1, data_format="channels_last", name="expand", **options
        )
        self.squeeze.build(input_shape)
        self.expand.build((*input_shape[:-1], width))

    def call(self, x: Any) -> Any:
        """The map and what the bottleneck adds to it."""
        return x + self.expand(self.squeeze(x))

    def macs(self, input_shape: tuple[int, ...]) -> int:
        """Multiply-accumulates for one sample, as `keras_attn.cost` counts them."""
        return 2 * self.squeeze.filters * input_shape[-1] * math.prod(input_shape[1:-1])

    def compute_output_shape(self, input_shape: tuple[int | None, ...]) -> tuple[int | None, ...]:
        """The shape of the input."""
        return tuple(input_shape)

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        return {**super().get_config(), "matched": self.matched}
