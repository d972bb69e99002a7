"""The arguments of constructors."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Mapping
from types import MappingProxyType


def constructor_arguments(of: type) -> Mapping[str, inspect.Parameter]:
    """The arguments that the `__init__` of a class takes, by name, without `self`.

    `inspect.signature` of a class is not used: some versions of Python prefer `__new__`, which
    Keras defines with arbitrary arguments, to an `__init__` that the class inherits.

    Args:
        of: The class.

    Example:
        >>> from keras_attn.layers import CSA
        >>> list(constructor_arguments(CSA))
        ['reduction', 'kernel_size', 'channel', 'spatial', 'kwargs']
    """
    return _arguments(of)


@functools.cache
def _arguments(of: type) -> Mapping[str, inspect.Parameter]:
    _, *parameters = inspect.signature(of.__init__).parameters.values()  # type: ignore[misc]
    return MappingProxyType({each.name: each for each in parameters})
