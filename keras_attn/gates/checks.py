"""Checks of arguments that several gates take."""

from __future__ import annotations

import math


def check_kernel_size(kernel_size: int, name: str = "kernel_size") -> int:
    """Returns `kernel_size`, or raises ValueError where it is not a positive odd integer."""
    if isinstance(kernel_size, bool) or not isinstance(kernel_size, int) or kernel_size < 1:
        raise ValueError(
            f"`{name}` must be a positive odd integer. Received: {name}={kernel_size!r}."
        )
    if kernel_size % 2 == 0:
        raise ValueError(
            f"`{name}` must be odd, so that the mask is centred on its positions. "
            f"Received: {name}={kernel_size}; use {kernel_size - 1} or {kernel_size + 1}."
        )
    return kernel_size


def check_divisor(name: str, divisor: int, channels: int, what: str = "channels") -> int:
    """Returns the channels of one part, or raises ValueError where they do not divide evenly."""
    if channels % divisor:
        raise ValueError(
            f"The number of {what} must be a multiple of `{name}`. Received: {name}={divisor} "
            f"and a map of {channels} {what}; use {name}={math.gcd(divisor, channels)}."
        )
    return channels // divisor
