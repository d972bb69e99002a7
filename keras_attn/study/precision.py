"""The precision in which the networks of a study compute."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import keras


@contextmanager
def computing_in(policy: str) -> Iterator[None]:
    """Layers that are constructed inside have a dtype policy, unless they are given another.

    Args:
        policy: Its name, such as `"mixed_bfloat16"`. `"float32"` leaves the policy of the process.
    """
    if policy == "float32":
        yield
        return
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy(policy)
    try:
        yield
    finally:
        keras.config.set_dtype_policy(before)
