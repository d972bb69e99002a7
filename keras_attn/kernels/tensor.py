"""What kernels take and return."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import keras
from keras import ops

#: An array of the backend, or a symbolic one; Keras has no type for both.
Tensor = Any


def accumulation_dtype(dtype: str) -> str:
    """The dtype in which statistics of a map of `dtype` are kept: float32 or wider."""
    name = keras.backend.standardize_dtype(dtype)
    return "float32" if name in ("float16", "bfloat16") else name


def is_half(x: Tensor) -> bool:
    """Whether x has 16 bits. A backend may sum a matrix product of such maps in 16 bits, too."""
    return accumulation_dtype(x.dtype) != keras.backend.standardize_dtype(x.dtype)


def number_along(x: Tensor, axes: Sequence[int]) -> Any:
    """How many values x has along `axes`: an int, or of x's dtype where a size is not known."""
    # A list: a generator would break the graph that torch.compile traces.
    number = math.prod([ops.shape(x)[axis] for axis in axes])
    return number if isinstance(number, int) else ops.cast(number, x.dtype)
