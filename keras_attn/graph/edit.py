"""Edits of one call, for `copy_model`: a layer after it or before it, or the call left out."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

import keras

from keras_attn.graph.copy import Edit
from keras_attn.graph.read import symbols


def apply_to_output(layer: Any, edit: Edit | None = None) -> Edit:
    """The edit that applies a layer to the output of a call.

    Args:
        layer: Called with the output.
        edit: Another edit of the same call, which is made first.
    """

    def edited(call: Any, *args: Any, **kwargs: Any) -> Any:
        return layer((call if edit is None else partial(edit, call))(*args, **kwargs))

    return edited


def apply_to_input(
    layer: Any, index: int, edit: Edit | None = None, others: Sequence[int] = ()
) -> Edit:
    """The edit that applies a layer to one of the tensors that a call is given.

    Args:
        layer: Called with the tensor, and after it those of `others`.
        index: Of the tensor among the call's (`Call.inputs`).
        edit: Another edit of the same call, which is made with the new tensor.
        others: Indices of further tensors that the layer takes.
    """

    def edited(call: Any, *args: Any, **kwargs: Any) -> Any:
        flat = keras.tree.flatten((args, kwargs))
        positions = [i for i, each in enumerate(flat) if isinstance(each, keras.KerasTensor)]
        flat[positions[index]] = layer(*(flat[positions[each]] for each in (index, *others)))
        args, kwargs = keras.tree.pack_sequence_as((args, kwargs), flat)
        return (call if edit is None else partial(edit, call))(*args, **kwargs)

    return edited


def leave_out(call: Any, *args: Any, **kwargs: Any) -> Any:
    """The edit that leaves a call out: its first input takes the place of its first output."""
    return symbols((args, kwargs))[0]
