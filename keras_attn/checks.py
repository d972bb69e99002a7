"""Checks of arguments: every message names the argument, what is expected and what was received."""

from __future__ import annotations

import operator
from collections.abc import Iterable
from typing import Any


def check_choice(argument: str, value: Any, choices: Iterable[Any]) -> Any:
    """Check an argument that takes one of a few values.

    Args:
        argument: Its name.
        value: What was received.
        choices: What is accepted: strings, or None.

    Returns:
        The value.

    Raises:
        ValueError: The value is not one of the choices.

    Example:
        >>> check_choice("task", "ordinal", ("binary", "ordinal"))
        'ordinal'
    """
    choices = tuple(choices)
    # Other types first: an array, say, cannot be compared.
    if not isinstance(value, (str, type(None))) or value not in choices:
        expected = ", ".join(
            f'"{each}"' if isinstance(each, str) else str(each) for each in choices
        )
        raise ValueError(f"`{argument}` must be one of {expected}. Received: {argument}={value!r}.")
    return value


def check_whole_number(argument: str, value: Any, least: int | None = None) -> int:
    """Check an argument that takes a whole number, of Python or of NumPy.

    Args:
        argument: Its name.
        value: What was received.
        least: The smallest number accepted; None for no limit.

    Returns:
        The value as a Python integer.

    Raises:
        ValueError: The value is not a whole number (True and 2.0 are not), or is too small.

    Example:
        >>> check_whole_number("size", 64, least=1)
        64
    """
    try:
        number = None if isinstance(value, bool) else operator.index(value)
    except TypeError:
        number = None
    if number is None or (least is not None and number < least):
        limit = "" if least is None else f" of at least {least}"
        raise ValueError(
            f"`{argument}` must be a whole number{limit}. Received: {argument}={value!r}."
        )
    return number
