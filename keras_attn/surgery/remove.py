"""Attention out of a model again."""

from __future__ import annotations

import keras

from keras_attn.layers import AttentionLayer, Blend
from keras_attn.surgery.anatomy import Anatomy
from keras_attn.surgery.feature_pyramid import levels_of, with_levels
from keras_attn.surgery.points import check_model
from keras_attn.surgery.rebuild import rebuild


def remove_attention(model: keras.Model) -> keras.Model:
    """The model without its attention: what it was before `insert_attention`.

    Args:
        model: A Functional model, which stays as it is; models nested in it are looked into.

    Returns:
        A new model, not compiled, with copies of all other layers and their weights as they are
        now. After the start `"identity"` and without training, it gives the original's outputs.

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
    steps = Anatomy(model).steps
    found = [step for step in steps if isinstance(step.operation, (AttentionLayer, Blend))]
    if not found:
        raise ValueError(f"The model {model.name!r} has no attention layer of keras_attn.")
    produced_by = {id(tensor): step.path for step in steps for tensor in step.outputs}
    earlier = {step.path: produced_by.get(id(step.inputs[0]), "") for step in found}
    new = rebuild(model, dict.fromkeys(earlier))
    levels = levels_of(model)
    for level, name in levels.items():
        while name in earlier:
            name = earlier[name]
        levels[level] = name
    return with_levels(new, levels)
