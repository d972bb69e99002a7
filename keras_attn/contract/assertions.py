"""Assertions that raise AssertionError themselves: `python -O` removes the statement `assert`."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

import numpy as np


def expect(condition: Any, message: str) -> None:
    """Raises AssertionError with the message unless the condition holds."""
    if not condition:
        raise AssertionError(message)


def expect_equal(result: Any, expected: Any, what: str) -> None:
    """Raises AssertionError unless the two values, or every element of two arrays, are equal."""
    arrays = isinstance(result, np.ndarray) or isinstance(expected, np.ndarray)
    equal = np.array_equal(result, expected) if arrays else result == expected
    expect(equal, f"{what}: expected {expected!r}. Received: {result!r}.")


def expect_near(
    result: np.ndarray, expected: np.ndarray, tolerance: float = 1e-5, what: str = "the result"
) -> None:
    """Raises AssertionError unless the arrays agree, relative to the largest expected value."""
    expect_equal(result.shape, expected.shape, f"shape of {what}")
    scale = np.abs(expected).max()
    error = np.abs(result - expected).max() / (scale if scale > 0 else 1)
    expect(error <= tolerance, f"{what} differs by {error:.1e} of the largest value")


@contextlib.contextmanager
def expect_error(*words: str) -> Iterator[None]:
    """Raises AssertionError unless the block raises a ValueError whose message has all words."""
    message = None
    try:
        yield
    except ValueError as error:
        message = str(error)
    if message is None:
        raise AssertionError(f"expected a ValueError whose message contains {words}, got none")
    missing = [word for word in words if word not in message]
    expect(not missing, f"the error {message!r} does not contain {missing}")
