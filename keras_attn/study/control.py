"""The networks that attention is compared with: one without attention, one with plain layers.

If a network with attention is better than one without, the additional parameters alone may be the
reason. A study therefore also trains a control: a network with plain 1x1 convolutions instead of
attention, and with the same number of parameters as the largest of its topologies.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import keras

from keras_attn import catalogue
from keras_attn.layers.plain_bottleneck import PlainBottleneck
from keras_attn.study.variants import BASELINE, MATCHED

#: By how much the parameters that a control adds may differ from those that its topology adds.
TOLERANCE = 0.05

Placement = Callable[[keras.KerasTensor, str], keras.KerasTensor]


def matched_to(topology: str) -> str | None:
    """The key of the topology that a control matches; None for anything that is not a control."""
    return topology.removeprefix(MATCHED) if topology.startswith(MATCHED) else None


def is_control(topology: str) -> bool:
    """Whether this is a network that topologies are compared with, rather than a topology."""
    return topology == BASELINE or matched_to(topology) is not None


def attention_of(topology: str) -> Placement | None:
    """What `build_model` applies at the end of each residual branch; None for the baseline.

    Args:
        topology: A key of the catalogue, `"none"`, or `"matched-"` and a key.

    Returns:
        A function of a feature map and a name for the new layer, which returns the new map.
    """
    if topology == BASELINE:
        return None
    key = matched_to(topology)

    def attend(x: keras.KerasTensor, name: str) -> keras.KerasTensor:
        try:
            layer = catalogue.create(topology, data_format="channels_last", name=name)
        except TypeError as error:
            raise ValueError(f"it cannot be created with its default arguments ({error})") from None
        return layer(x)

    def widen(x: keras.KerasTensor, name: str) -> keras.KerasTensor:
        return PlainBottleneck(**matched_bottleneck(str(key), x.shape[-1]), name=name)(x)

    return attend if key is None else widen


def matched_bottleneck(key: str, channels: int) -> dict[str, Any]:
    """The arguments of the `PlainBottleneck` nearest to a topology in its number of parameters.

    Args:
        key: A key of the catalogue.
        channels: Channels of the feature map.
    """
    wanted = parameters_of(key, channels)

    def nearest(use_bias: bool) -> tuple[int, int]:
        """The distance in parameters, and the width, at least 1."""
        per_unit, fixed = 2 * channels + use_bias, channels * use_bias
        units = max(1, round((wanted - fixed) / per_unit))
        return abs(units * per_unit + fixed - wanted), units

    use_bias = nearest(True) <= nearest(False)
    return {"units": nearest(use_bias)[1], "use_bias": use_bias}


def parameters_of(key: str, channels: int) -> int:
    """Trainable parameters of a topology; 0 if it does not take so many channels."""
    return catalogue.describe(key).parameters_or_none(channels) or 0


def largest(topologies: Iterable[str]) -> str | None:
    """The topology with the most parameters; None if there are only controls."""
    keys = [key for key in topologies if not is_control(key)]
    return max(keys, key=lambda key: parameters_of(key, 64), default=None)


def is_matched(added_by_control: int, added_by_topology: int) -> bool:
    """Whether a control adds the same number of parameters as its topology, within 5 %."""
    return abs(added_by_control - added_by_topology) <= TOLERANCE * added_by_topology


def check_topology(topology: str) -> None:
    """Checks that there is such a network.

    Raises:
        ValueError: If the key is not in the catalogue.
    """
    if topology != BASELINE:
        catalogue.describe(matched_to(topology) or topology)


def meaning(topology: str) -> str:
    """What the network computes, as a few words or a formula."""
    if topology == BASELINE:
        return "without attention"
    key = matched_to(topology)
    if key is not None:
        return f"no attention, but the same number of parameters as {key}, in 1x1 convolutions"
    return catalogue.describe(topology).formula
