"""Which layers of a model are trained: the attention alone, or all."""

from __future__ import annotations

from collections.abc import Iterable
from fnmatch import fnmatchcase

import keras

from keras_attn.layers.kinds import is_attention


def freeze_all_but_attention(
    model: keras.Model, keep: str | keras.layers.Layer | Iterable[str | keras.layers.Layer] = ()
) -> list[str]:
    """Freezes every layer that is not attention, also in nested models.

    Frozen batch normalisation computes in inference mode, and keeps its moving statistics. Compile
    the model afterwards. `keras_attn.unfreeze` makes everything trainable again.

    Args:
        model: A model with attention, such as `insert_attention` returns. Its layers are changed.
        keep: Other layers that stay trainable: layers, names, or patterns of names such as
            `"predictions"` or `"head_*"`; a whole nested model counts as one layer.

    Returns:
        The names of the layers that stay trainable.

    Raises:
        ValueError: If the model has no attention, or a name or pattern matches no layer.

    Example:
        >>> import keras, keras_attn
        >>> inputs = keras.Input((16, 16, 8))
        >>> x = keras_attn.create("csa", name="attention")(keras.layers.Conv2D(8, 3)(inputs))
        >>> x = keras.layers.GlobalAveragePooling2D()(x)
        >>> model = keras.Model(inputs, keras.layers.Dense(2, name="predictions")(x))
        >>> keras_attn.freeze_all_but_attention(model, keep="predictions")
        ['attention', 'predictions']
    """
    single = isinstance(keep, (str, keras.layers.Layer))
    wanted: list[str | keras.layers.Layer] = [keep] if single else list(keep)
    layers = model._flatten_layers(include_self=False)
    if not any(map(is_attention, layers)):
        raise ValueError(
            f"The model {model.name!r} has no attention layer of keras_attn: insert some with "
            "keras_attn.insert_attention before you freeze the rest."
        )
    for each in wanted:
        if not any(_matches(layer, each) for layer in layers):
            name = repr(each) if isinstance(each, str) else f"the layer {each.name!r}"
            raise ValueError(
                f"`keep` has {name}, which is not in the model {model.name!r}. Its layers are "
                f"{', '.join(layer.name for layer in model.layers)}."
            )
    unfreeze(model)
    return _freeze(model, wanted)


def unfreeze(model: keras.Model) -> None:
    """Makes every layer trainable, also in nested models. Compile the model afterwards.

    On TensorFlow `model.trainable = True` does nothing if only layers inside the model are frozen.

    Args:
        model: A model, whose layers are changed.

    Example:
        >>> import keras
        >>> model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(2, trainable=False)])
        >>> unfreeze(model)
        >>> len(model.trainable_weights)
        2
    """
    for layer in model._flatten_layers():
        layer.trainable = True


def _freeze(layer: keras.layers.Layer, wanted: list[str | keras.layers.Layer]) -> list[str]:
    """Freezes what is not wanted inside a layer; the names of the layers that stay trainable."""
    names = []
    for inner in layer._layers:
        if _is_wanted(inner, wanted):
            names.append(inner.name)
        elif any(_is_wanted(each, wanted) for each in inner._flatten_layers(include_self=False)):
            names += _freeze(inner, wanted)
        else:
            inner.trainable = False
    return names


def _is_wanted(layer: keras.layers.Layer, wanted: list[str | keras.layers.Layer]) -> bool:
    return is_attention(layer) or any(_matches(layer, each) for each in wanted)


def _matches(layer: keras.layers.Layer, wanted: str | keras.layers.Layer) -> bool:
    return fnmatchcase(layer.name, wanted) if isinstance(wanted, str) else layer is wanted
