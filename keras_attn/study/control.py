"""The networks that attention is compared with: one without attention, one with plain layers.

If a network with attention is better than one without, the additional parameters alone may be the
reason. A study therefore also trains a control: a network with plain 1x1 convolutions instead of
attention, and with the same number of parameters as the largest of its topologies.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import Any

import keras

from keras_attn import catalogue
from keras_attn.layers.attention_gate import AttentionGate
from keras_attn.layers.plain_bottleneck import PlainBottleneck
from keras_attn.networks.design import Placement
from keras_attn.study.grammar import named, parse_variant
from keras_attn.study.variants import BASELINE, GATE, MATCHED, Variant

#: By how much the parameters that a control adds may differ from those that its topology adds.
TOLERANCE = 0.05


def matched_to(topology: str) -> str | None:
    """The key of the topology that a control matches; None for anything that is not a control."""
    return topology.removeprefix(MATCHED) if topology.startswith(MATCHED) else None


def is_control(topology: str) -> bool:
    """Whether this is a network that topologies are compared with, rather than a topology."""
    return topology == BASELINE or matched_to(topology) is not None


def attention_of(variant: str | Variant) -> Placement | None:
    """What a built-in network applies at the end of each residual branch; None for the baseline.

    Args:
        variant: A variant without place and start, a control, or the text of either.

    Returns:
        A function of a feature map and a name for the new layer, which returns the new map.
    """
    part = named(variant)
    if part.key == BASELINE:
        return None

    def attend(x: keras.KerasTensor, name: str) -> keras.KerasTensor:
        return new_layer(part, name=name)(x)

    def widen(x: keras.KerasTensor, name: str) -> keras.KerasTensor:
        return PlainBottleneck(**matched_bottleneck(part, x.shape[-1]), name=name)(x)

    return widen if part.control else attend


def new_layer(part: Variant, **config: Any) -> keras.layers.Layer:
    """A new layer of a part of a variant, for maps with the channels last.

    Raises:
        ValueError: If its arguments do not fit it.
    """
    config = {**part.arguments, **config}
    try:
        if part.key == GATE:
            return AttentionGate(data_format="channels_last", **config)
        if isinstance(part.key, str):
            return catalogue.create(part.key, data_format="channels_last", **config)
        if isinstance(part.key, type):
            return part.key(**config)
        return type(part.key).from_config({**part.key.get_config(), **config})
    except TypeError as error:
        arguments = "these" if part.config else "its default"
        raise ValueError(f"it cannot be created with {arguments} arguments ({error})") from None


def matched_bottleneck(variant: str | Variant, channels: int) -> dict[str, Any]:
    """The arguments of the `PlainBottleneck` nearest to a variant in its number of parameters.

    Args:
        variant: A variant of one part, or its text.
        channels: Channels of the feature map.
    """
    wanted = parameters_of(variant, channels)

    def nearest(use_bias: bool) -> tuple[int, int]:
        """The distance in parameters, and the width, at least 1."""
        per_unit, fixed = 2 * channels + use_bias, channels * use_bias
        units = max(1, round((wanted - fixed) / per_unit))
        return abs(units * per_unit + fixed - wanted), units

    use_bias = nearest(True) <= nearest(False)
    return {"units": nearest(use_bias)[1], "use_bias": use_bias}


def parameters_of(variant: str | Variant, channels: int) -> int:
    """Trainable parameters of a variant's layer; 0 if it does not take so many channels."""
    part = named(variant)
    if isinstance(part.key, str) and not part.config and part.key != GATE:
        return catalogue.describe(part.key).parameters_or_none(channels) or 0
    try:
        with keras.StatelessScope(initialize_variables=False):
            layer = new_layer(part)
            x = keras.KerasTensor((None, 8, 8, channels))
            layer(*(x,) * (2 if part.key == GATE else 1))
    except ValueError:
        return 0
    return sum(math.prod(weight.shape) for weight in layer.trainable_weights)


def largest(variants: Iterable[str], sizes: Mapping[str, int] | None = None) -> str | None:
    """The variant with the most parameters; None if there are only controls.

    Args:
        variants: Texts of variants and controls.
        sizes: Parameters of the networks; if None, a layer on 64 channels is counted.
    """
    keys = [key for key in variants if not is_control(key)]
    return max(keys, key=lambda key: sizes[key] if sizes else parameters_of(key, 64), default=None)


def is_matched(added_by_control: int, added_by_topology: int) -> bool:
    """Whether a control adds the same number of parameters as its topology, within 5 %."""
    return abs(added_by_control - added_by_topology) <= TOLERANCE * added_by_topology


def meaning(topology: str) -> str:
    """What the network computes, as a few words or a formula."""
    if topology == BASELINE:
        return "without attention"
    key = matched_to(topology)
    if key is not None:
        return f"no attention, but the same number of parameters as {key}, in 1x1 convolutions"
    if topology.startswith(GATE):
        return "attention gate on skip connections"
    formulas = [entry.formula for entry in entries_of(topology)]
    return "; ".join(formulas) or "given by the user"


def entries_of(topology: str) -> list[catalogue.Entry]:
    """The catalogue's entries of a variant; none for layers and functions of the user."""
    try:
        parts = parse_variant(topology).parts
    except ValueError:
        return []
    keys = [part for part in parts if part.key not in (BASELINE, GATE)]
    return [catalogue.describe(part.key, **_gates_of(part)) for part in keys]


def _gates_of(part: Variant) -> dict[str, Any]:
    """The arguments that change a formula."""
    return {name: v for name, v in part.arguments.items() if name in ("channel", "spatial")}
