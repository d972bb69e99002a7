"""How an optimiser and a schedule are named: texts, and the configurations of Keras optimisers."""

from __future__ import annotations

from difflib import get_close_matches
from typing import Any

import keras

from keras_attn.study.grammar import parse_call

SCHEDULES = ("cosine", "constant", "steps")

#: Names of optimisers in texts, such as `"adamw"`.
OPTIMIZERS = {
    name.lower(): getattr(keras.optimizers, name)
    for name in dir(keras.optimizers)
    if isinstance(getattr(keras.optimizers, name), type)
    and issubclass(getattr(keras.optimizers, name), keras.optimizers.Optimizer)
    and name not in ("Optimizer", "LossScaleOptimizer")
}


def as_optimizer(optimizer: Any) -> str | dict[str, Any]:
    """An optimiser as values for JSON: its text, or the configuration of a Keras optimiser.

    Raises:
        ValueError: If it is not an optimiser that Keras has, or has other arguments.
    """
    if isinstance(optimizer, keras.optimizers.Optimizer):
        optimizer = keras.optimizers.serialize(optimizer)
    new_optimizer(optimizer)
    return optimizer


def new_optimizer(optimizer: str | dict[str, Any], **given: Any) -> keras.optimizers.Optimizer:
    """A new optimiser; `given` replaces what its text or configuration says."""
    if isinstance(optimizer, dict):
        config = {**optimizer["config"], **given}
        return keras.optimizers.deserialize({**optimizer, "config": config})
    if not isinstance(optimizer, str):
        raise ValueError(
            "`optimizer` must be a text such as 'adamw' or 'sgd(momentum=0.9)', or a Keras "
            f"optimiser. Received: {optimizer!r}."
        )
    name, arguments = parse_call(optimizer)
    if name.lower() not in OPTIMIZERS:
        near = get_close_matches(name.lower(), OPTIMIZERS, n=1)
        hint = f" Did you mean {near[0]!r}?" if near else ""
        raise ValueError(
            f"There is no optimizer {name!r}.{hint} Known are {', '.join(OPTIMIZERS)}."
        )
    try:
        return OPTIMIZERS[name.lower()](**{**arguments, **given})
    except (TypeError, ValueError) as error:
        raise ValueError(f"The optimizer {optimizer!r} cannot be made: {error}") from None
