"""Code to copy, for a layer of the catalogue."""

from __future__ import annotations

from keras_attn.arguments import constructor_arguments
from keras_attn.catalogue import Entry


def create_call(entry: Entry) -> str:
    """`keras_attn.create(...)`, with values for what has no default."""
    return f"keras_attn.create({_arguments(entry)})"


def insert_call(entry: Entry) -> str:
    """`keras_attn.insert_attention(...)`, at its authors' place where that is known."""
    where = "" if entry.placement is None else ', where="published"'
    key, *needed = _arguments(entry).split(", ")
    return f"keras_attn.insert_attention(model, {', '.join([key + where, *needed])})"


def _arguments(entry: Entry) -> str:
    parameters = constructor_arguments(entry.layer_class).values()
    needed = [
        each.name
        for each in parameters
        if each.default is each.empty and each.kind is not each.VAR_KEYWORD
    ]
    given = [f"{name}={entry.sample[name]!r}" for name in needed]
    return ", ".join([f'"{entry.key}"', *given])
