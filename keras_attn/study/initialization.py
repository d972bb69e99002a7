"""Initial weights that depend on the seed and on names alone, so that variants start alike.

Keras initializers draw in the order in which layers are constructed. One more layer in a network
therefore changes the initial weights of every layer after it, and two variants that are trained
with the same seed share almost nothing. Here every layer draws from a generator of its own, which
is seeded by the seed of the trial and the name of the layer.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import keras


def initialize(model: keras.Model, seed: int, names: Mapping[str, str] | None = None) -> None:
    """Draws new initial weights for a model, in place.

    Each layer is constructed and built again from its configuration, by its own initializers,
    under a generator that is seeded by `(seed, path)`. The path is the name of the layer, after
    the names of the nested models around it. Two models therefore start with equal weights in
    all layers that they share by name and configuration, whatever else they contain.

    Trainable weights and the states of random generators are replaced. Everything else stays:
    frozen layers, moving averages, and statistics that were computed from data, such as those of
    an adapted `Normalization` layer. An initializer that was given a fixed seed keeps it.

    Args:
        model: A built Functional or Sequential model; models nested in it are initialized too.
        seed: The seed.
        names: The names that take the place of paths, by path; layers without one keep their
            weights. If None, all layers are initialized under their paths.

    Raises:
        ValueError: If a layer cannot be constructed again from its configuration.

    Example:
        >>> import keras
        >>> def network(with_extra_layer):
        ...     x = inputs = keras.Input((4,))
        ...     if with_extra_layer:
        ...         x = keras.layers.Dense(4, name="extra")(x)
        ...     return keras.Model(inputs, keras.layers.Dense(2, name="logits")(x))
        >>> one, other = network(False), network(True)
        >>> for model in (one, other):
        ...     initialize(model, seed=3)
        >>> kernels = [model.get_layer("logits").get_weights()[0] for model in (one, other)]
        >>> bool((kernels[0] == kernels[1]).all())
        True
    """
    for path, layer in layers_of(model):
        if names is not None and path not in names:
            continue
        with seeded(f"{seed}/{path if names is None else names[path]}"):
            twin = _constructed_again(layer, path)
        kept = {id(weight) for weight in layer.weights if not weight.trainable}
        for variable, drawn in zip(layer.variables, twin.variables, strict=True):
            if id(variable) not in kept:
                variable.assign(keras.ops.convert_to_numpy(drawn))


def is_trained(model: keras.Model) -> bool:
    """Whether a model has weights that its initializers do not give.

    Biases, scales and moving statistics begin with one constant, which training changes.
    """
    for path, layer in layers_of(model):
        if isinstance(layer, keras.layers.Normalization):  # has statistics before any training
            continue
        twin = _constructed_again(layer, path)
        for weight, first in zip(layer.weights, twin.weights, strict=True):
            values = keras.ops.convert_to_numpy(first)
            is_constant = values.size and values.min() == values.max()
            if is_constant and (keras.ops.convert_to_numpy(weight) != values).any():
                return True
    return False


def layers_of(model: keras.Model, prefix: str = "") -> Iterator[tuple[str, keras.layers.Layer]]:
    """Every layer that has variables, with its path, each once."""
    found: set[int] = set()
    for layer in model.layers:
        path = f"{prefix}{layer.name}"
        if isinstance(layer, keras.Model) and hasattr(layer, "inputs"):
            nested: Iterator[tuple[str, keras.layers.Layer]] = layers_of(layer, f"{path}/")
        else:
            nested = iter([(path, layer)] if layer.variables else [])
        for name, each in nested:
            if id(each) not in found:
                found.add(id(each))
                yield name, each


def _constructed_again(layer: keras.layers.Layer, path: str) -> keras.layers.Layer:
    """A new layer of the same class, configuration and input shape."""
    try:
        twin = type(layer).from_config(layer.get_config())
        if not twin.built:
            twin.build_from_config(layer.get_build_config())
        shapes = [[tuple(each.shape) for each in one.variables] for one in (layer, twin)]
    except Exception as error:
        raise ValueError(
            f"The layer {path!r} ({type(layer).__name__}) cannot be constructed again from its "
            f"configuration, so its initial weights cannot be drawn: {error}. Give the class a "
            "`get_config` that returns all arguments of its constructor."
        ) from error
    if shapes[0] != shapes[1]:
        raise ValueError(
            f"The layer {path!r} ({type(layer).__name__}) has variables of other shapes when it "
            f"is constructed again from its configuration: {shapes[0]} became {shapes[1]}. Give "
            "the class a `get_config` that returns all arguments of its constructor."
        )
    return twin


@contextmanager
def seeded(seed: int | str) -> Iterator[None]:
    """Seeds every initializer and random layer that is constructed inside.

    On every backend they take their seed from Python's generator when they are constructed.
    `keras.utils.set_random_seed` would work as well, but on TensorFlow it discards every compiled
    function. The state of the generator is restored afterwards.
    """
    state = random.getstate()
    random.seed(seed)
    try:
        yield
    finally:
        random.setstate(state)
