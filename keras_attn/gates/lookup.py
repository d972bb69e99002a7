"""Gates by name: listing, describing."""

from __future__ import annotations

import difflib

from keras_attn.checks import check_choice
from keras_attn.gates.entry import GateEntry
from keras_attn.gates.table import GATES, KINDS


def list_gates(kind: str | None = None) -> list[str]:
    """The keys of the gates that a topology can have.

    Args:
        kind: `"channel"` or `"spatial"`: the argument of a topology that takes the key. All keys if
            None, each once.

    Returns:
        Keys, those of the study's own gates first.

    Raises:
        ValueError: If there is no such kind.

    Example:
        >>> import keras_attn
        >>> keras_attn.list_gates("spatial")[:3]
        ['sa', 'cbam', 'bam']
    """
    if kind is not None:
        check_choice("kind", kind, KINDS)
    return list(dict.fromkeys(each.key for each in GATES if kind in (None, each.kind)))


def describe_gate(key: str, kind: str | None = None) -> GateEntry:
    """What the table says of a gate: class, formula, source, arguments, parameters.

    Args:
        key: One of `list_gates()`, such as `"eca"`.
        kind: `"channel"` or `"spatial"`. If None, the channel gate of a key that has both.

    Raises:
        ValueError: If there is no such gate; the message names those that there are.

    Example:
        >>> import keras_attn
        >>> keras_attn.describe_gate("eca").returns
        'per channel'
        >>> keras_attn.describe_gate("eca").parameters(64)
        3
    """
    keys = list_gates(kind)
    if key not in keys:
        of_kind = f"{kind} gate" if kind else "gate"
        others = [each.kind for each in GATES if each.key == key]
        hint = f" It is a {others[0]} gate." if others else ""
        near = difflib.get_close_matches(str(key).lower(), keys, n=3, cutoff=0.5)
        hint += f" The nearest: {', '.join(near)}." if near else ""
        raise ValueError(
            f"There is no {of_kind} with the key {key!r}.{hint} All {of_kind}s: {', '.join(keys)}."
        )
    return next(each for each in GATES if each.key == key and kind in (None, each.kind))
