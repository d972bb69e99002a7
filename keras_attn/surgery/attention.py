"""What can be inserted at a place: a key, a layer class, a layer, or a function of the place."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

import keras

from keras_attn import catalogue
from keras_attn.arguments import constructor_arguments
from keras_attn.graph.layer_copy import copy_layer
from keras_attn.layers import AttentionLayer, Blend
from keras_attn.surgery.points import InsertionPoint

#: A catalogue key, a layer class, a layer, or a function that takes an `InsertionPoint` and
#: returns a layer.
Attention: TypeAlias = str | type[keras.layers.Layer] | keras.layers.Layer | Callable[..., Any]


def check_attention(attention: Any, config: Mapping[str, Any]) -> None:
    """Raises a ValueError if something cannot be inserted."""
    if isinstance(attention, str):
        reason = catalogue.describe_layer_of_one_map(attention).limits.get("single_output")
        if reason is not None:
            raise ValueError(
                f"{attention!r} cannot be inserted, because it returns more than the attended "
                f"map: {reason}. Use keras_attn.attention_branch_network."
            )
    elif not callable(attention):
        raise ValueError(
            f"Attention must be a key of keras_attn.list_layers(), a layer class, a layer, or a "
            f"function that takes an insertion point and returns a layer. Received: {attention!r}."
        )
    elif config and not _is_layer_class(attention):
        raise ValueError(
            f"Arguments such as {next(iter(config))!r} are passed to keys and layer classes. Give "
            f"{attention!r} its arguments when you create it."
        )


def attention_name(attention: Attention) -> str:
    """What a new layer is called after the name of the place: the key, or the class or function."""
    if isinstance(attention, str):
        return attention
    named = type(attention) if isinstance(attention, keras.Layer) else attention
    name = getattr(named, "__name__", type(named).__name__)
    keys = {catalogue.describe(key).layer_class: key for key in catalogue.list_layers()}
    if named in keys:
        return keys[named]
    if name == "<lambda>":
        return "attention"
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower()


def new_attention(
    attention: Attention, point: InsertionPoint, start: str, name: str, config: Mapping[str, Any]
) -> keras.layers.Layer:
    """The layer to insert at a point.

    Args:
        attention: What was asked for.
        point: The place.
        start: `"identity"` or `"published"`.
        name: Name of the new layer.
        config: Arguments for a key or a class.

    Raises:
        ValueError: If a layer cannot be copied, or a function does not return a layer.
    """
    inner = attention_name(attention) if start == "identity" else name
    if isinstance(attention, str) or _is_layer_class(attention):
        layer = _from_class(attention, point, config)
    elif isinstance(attention, keras.layers.Layer):
        layer = copy_layer(attention, lambda each: copy_layer(each, lambda same: same))
        if layer is attention:
            raise ValueError(
                f"Each place gets a copy of the layer, and {attention!r} cannot be created from "
                f"its configuration. Give its class, or a function that returns a new layer: "
                f"lambda point: {type(attention).__name__}(...)."
            )
    else:
        layer = attention(point)
        if not isinstance(layer, keras.layers.Layer):
            raise ValueError(
                f"A function that is inserted must take an insertion point and return a layer. "
                f"{attention!r} returned {layer!r}."
            )
    layer.name = inner
    if start == "published":
        return layer
    return Blend(layer, name=name, dtype=config.get("dtype", point.dtype_policy))


def _is_layer_class(attention: Any) -> bool:
    return isinstance(attention, type) and issubclass(attention, keras.layers.Layer)


def _from_class(attention: Any, point: InsertionPoint, config: Mapping[str, Any]) -> keras.Layer:
    """A layer in the data format and dtype of its place, where it has such arguments."""
    policy = point.dtype_policy
    # A name can be saved in the configuration of a layer that does not define its own.
    settings = {
        "data_format": point.data_format,
        "dtype": policy.name if type(policy) is keras.DTypePolicy else policy,
    }
    if isinstance(attention, str):
        return catalogue.create(attention, **{**settings, **config})
    parameters = constructor_arguments(attention)
    takes_layer_arguments = any(each.kind is each.VAR_KEYWORD for each in parameters.values())
    if "data_format" not in parameters and not issubclass(attention, AttentionLayer):
        del settings["data_format"]
    if "dtype" not in parameters and not takes_layer_arguments:
        del settings["dtype"]
    return attention(**{**settings, **config})
