"""What kernels take and return."""

from __future__ import annotations

from typing import Any

import keras

#: An array of the backend, or a symbolic one; Keras has no type for both.
Tensor = Any


def accumulation_dtype(dtype: str) -> str:
    """The dtype in which statistics of a map of `dtype` are kept: float32 or wider."""
    name = keras.backend.standardize_dtype(dtype)
    return "float32" if name in ("float16", "bfloat16") else name
