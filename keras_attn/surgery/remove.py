"""Attention removed from a model."""

from __future__ import annotations

import keras

from keras_attn.graph.anatomy import Anatomy
from keras_attn.graph.copy import copy_model
from keras_attn.graph.edit import leave_out
from keras_attn.layers.kinds import is_attention
from keras_attn.surgery.feature_pyramid import levels_of, with_levels
from keras_attn.surgery.points import check_model


def remove_attention(model: keras.Model) -> keras.Model:
    """The model without its attention: what it was before `insert_attention`.

    Of an attention branch network, the classifier remains: its second output, the logits of the
    branch, goes with the attention that computes it.

    Args:
        model: A Functional model, which is not changed; nested models are searched too.

    Returns:
        A new model, not compiled, with copies of all other layers and their current weights.
        After the start `"identity"` and without training, its outputs are those of the original.

    Raises:
        ValueError: If the model is not Functional, or has no attention.

    Example:
        >>> import keras, keras_attn
        >>> inputs = keras.Input((16, 16, 8))
        >>> model = keras.Model(inputs, keras_attn.create("csa")(inputs))
        >>> keras_attn.remove_attention(model).count_params()
        0
    """
    check_model(model)
    anatomy = Anatomy(model)
    found = [call for call in anatomy.calls if is_attention(call.operation)]
    if not found:
        raise ValueError(f"The model {model.name!r} has no attention layer of keras_attn.")
    new = copy_model(model, {call.path: leave_out for call in found})
    earlier = {}
    for call in found:
        source = anatomy.producer(call.inputs[0])
        earlier[call.path] = "" if source is None else anatomy.calls[source].path
    levels = levels_of(model)
    for level, name in levels.items():
        while name in earlier:
            name = earlier[name]
        levels[level] = name
    return with_levels(new, levels)
