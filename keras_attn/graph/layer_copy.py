"""A copy of one layer: its configuration, its functions, and its state."""

from __future__ import annotations

import tempfile
import types
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import keras
import numpy as np


def copy_layer(layer: keras.Layer, counterpart: Callable[[Any], Any]) -> keras.Layer:
    """A new layer with the same configuration, without the state.

    Functions and classes are taken from the layer itself, so that they need not be registered.

    Args:
        layer: Any layer that is not a model.
        counterpart: Gives the copy of a layer inside a wrapper.

    Raises:
        ValueError: If the layer has weights and cannot be made from its configuration.
    """
    if isinstance(layer, keras.layers.Lambda):
        return _copy_lambda(layer)
    is_wrapper = isinstance(layer, keras.layers.Wrapper) and not _overrides_from_config(layer)
    functions = {
        name: value
        for name, value in vars(layer).items()
        if isinstance(value, types.FunctionType) and not value.__module__.startswith("keras.")
    }
    placeholders: dict[str, Any] = dict.fromkeys(functions, keras.activations.linear)
    if is_wrapper:
        placeholders["layer"] = keras.layers.Identity()
    try:
        with _replaced(layer, placeholders):
            config = layer.get_config()
        if is_wrapper:
            del config["layer"]
            return type(layer)(counterpart(layer.layer), **config)
        config.update({name: value for name, value in functions.items() if name in config})
        with keras.saving.custom_object_scope(_classes(layer)):
            return type(layer).from_config(config)
    except Exception as error:
        if not layer.variables:
            return layer
        raise ValueError(
            f"The layer {layer.name!r} of class {type(layer).__name__} cannot be copied, because "
            f"it cannot be created from its configuration. Define `get_config` in the class so "
            f"that it returns all constructor arguments; or use weights='share', which copies no "
            f"layers."
        ) from error


def copy_operation(operation: Any) -> Any:
    """A new function of `keras.ops` with the same arguments and no calls yet."""
    copy = object.__new__(type(operation))
    vars(copy).update(vars(operation), _inbound_nodes=[], _outbound_nodes=[])
    return copy


def copy_state(old: keras.Layer, new: keras.Layer) -> None:
    """Copies weights, seeds, what is computed from them, vocabularies, and what is frozen."""
    for source, target in zip(old._flatten_layers(), new._flatten_layers(), strict=True):
        if source.trainable != target.trainable:
            target.trainable = source.trainable
        # As a file would do it: a Normalization computes with values made from its weights.
        state: dict[str, Any] = {}
        source.save_own_variables(state)
        target.load_own_variables({name: _own(value) for name, value in state.items()})
        if hasattr(source, "save_assets"):
            with tempfile.TemporaryDirectory() as folder:
                source.save_assets(folder)
                target.load_assets(folder)
    for source, target in zip(old.variables, new.variables, strict=True):
        target.assign(_own(source))


def _copy_lambda(layer: Any) -> keras.Layer:
    """A Lambda with the same function: configurations keep only code, without its globals."""
    return type(layer)(
        layer.function,
        output_shape=layer._output_shape,
        mask=layer.mask,
        arguments=layer.arguments,
        name=layer.name,
        dtype=layer.dtype_policy,
    )


@contextmanager
def _replaced(layer: keras.Layer, values: dict[str, Any]) -> Iterator[None]:
    """Replaces attributes that `get_config` might not be able to serialize."""
    before = {name: vars(layer)[name] for name in values if name in vars(layer)}
    vars(layer).update(values)
    try:
        yield
    finally:
        for name in values:
            del vars(layer)[name]
        vars(layer).update(before)


def _overrides_from_config(layer: Any) -> bool:
    default = keras.layers.Wrapper.from_config.__func__
    return type(layer).from_config.__func__ is not default


def _classes(layer: keras.Layer) -> dict[str, type]:
    return {type(part).__name__: type(part) for part in layer._flatten_layers()}


def _own(value: Any) -> np.ndarray:
    """A copy: training in JAX deletes the arrays that it was given, whoever else has them."""
    return np.array(keras.ops.convert_to_numpy(value))
