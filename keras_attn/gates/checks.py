"""Checks of arguments that several gates take."""

from __future__ import annotations


def check_positive_integer(name: str, value: int) -> int:
    """Returns `value`, or raises ValueError where it is no positive integer."""
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        raise ValueError(f"`{name}` must be a positive integer. Received: {name}={value!r}.")
    return value


def check_choice(name: str, value: object, choices: tuple) -> None:
    """Raises ValueError where `value` is none of `choices`."""
    if value not in choices:
        raise ValueError(f"`{name}` must be one of {choices}. Received: {name}={value!r}.")


def check_divides(name: str, divisor: int, what: str, number: int) -> None:
    """Raises ValueError where the argument `name` does not divide a number of the map."""
    if number % divisor:
        raise ValueError(
            f"`{name}` must divide the number of {what}. Received: {name}={divisor} for a map "
            f"with {number} {what}."
        )
