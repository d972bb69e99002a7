"""What every attention layer must do: the checks that each entry of the catalogue passes.

A layer that is added to the catalogue needs no test code of its own. For a layer of yours, write
an `Entry` and let pytest run each check as a test of its own:

    from keras_attn import contract

    @contract.parametrize(entry)           # a keras_attn.catalogue.Entry, or several
    def test_my_layer(entry, check):
        check(entry)

Each check raises AssertionError with a message that says what is wrong, also under `python -O`.
The checks run on the backend of the process; run them once per backend.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from keras_attn.catalogue import Entry
from keras_attn.contract import computation, declaration, precision, training

Check = Callable[[Entry], None]

#: Every check, from the cheapest to the most expensive.
CHECKS: tuple[Check, ...] = (
    *declaration.CHECKS,
    *computation.CHECKS,
    *precision.CHECKS,
    *training.CHECKS,
)

__all__ = ["CHECKS", "Check", "parametrize"]


def parametrize(*entries: Entry) -> Any:
    """A decorator that runs a test function once for each entry and each check.

    Args:
        *entries: What is to be checked.

    Returns:
        `pytest.mark.parametrize` for a function with the arguments `entry` and `check`.

    Example:
        >>> import keras_attn
        >>> from keras_attn import contract
        >>> @contract.parametrize(keras_attn.describe("csa"))  # doctest: +SKIP
        ... def test_contract(entry, check):
        ...     check(entry)
    """
    import pytest

    cases = [
        pytest.param(entry, check, id=f"{entry.key}-{check.__name__.removeprefix('check_')}")
        for entry in entries
        for check in CHECKS
    ]
    return pytest.mark.parametrize(("entry", "check"), cases)
