"""The training that options and the table [training] of a file describe."""

from __future__ import annotations

from dataclasses import fields, replace
from typing import TYPE_CHECKING, Any

import typer

from keras_attn.cli.config_file import TRAINING, check_keys

if TYPE_CHECKING:
    from keras_attn.study import Training


def training_of(context: typer.Context, protocol: str | None = None, **options: Any) -> Training:
    """The training.

    Args:
        context: The command, whose file may have a table [training].
        protocol: The name of a protocol, whose settings the others replace.
        options: Arguments of `keras_attn.Training`, which replace those of the table; None for
            options that were not given.

    Raises:
        ValueError: If a value is not valid, or the table has an unknown key.
    """
    from keras_attn.study import Training
    from keras_attn.study.protocols import find_protocol

    table = {key.replace("-", "_"): value for key, value in context.meta.get(TRAINING, {}).items()}
    check_keys("The table [training]", table, [each.name for each in fields(Training)])
    if "milestones" in table:
        table["milestones"] = tuple(table["milestones"])
    given = {name: value for name, value in options.items() if value is not None}
    changes = {**table, **given}
    if protocol is None:
        return Training(**changes)
    return replace(find_protocol(protocol).lasting(changes.get("epochs")), **changes)


def read_class_weights(text: str | None) -> str | dict[str, float] | None:
    """The class weights of an option: a word, or the weight of each class by its name.

    Raises:
        ValueError: If they are not weights such as `healthy=1,sick=4`.
    """
    if text is None or "=" not in text:
        return text
    pairs = [part.rpartition("=") for part in text.split(",")]
    try:
        return {name.strip(): float(weight) for name, _, weight in pairs}
    except ValueError:
        raise ValueError(
            "--class-weights takes balanced, or weights such as healthy=1,sick=4. "
            f"Received: {text!r}."
        ) from None
