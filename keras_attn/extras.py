"""Optional dependencies: imported where they are needed, with one error if they are missing."""

from __future__ import annotations

import importlib
from typing import Any


def require(module: str, extra: str) -> Any:
    """Import a module that only some of the package's users need.

    Args:
        module: Dotted name of the module.
        extra: The extra of keras-attn that installs it.

    Returns:
        The module.

    Raises:
        ImportError: It cannot be imported; the message names the command that installs it.

    Example:
        >>> require("json", extra="study").loads("[1]")
        [1]
    """
    try:
        return importlib.import_module(module)
    except ImportError as error:
        raise missing(module, extra, error) from error


def missing(module: str, extra: str, reason: object = "it is not installed") -> ImportError:
    """The error that says how to install a module.

    Args:
        module: Dotted name of the module.
        extra: The extra of keras-attn that installs it.
        reason: Why it could not be imported.

    Returns:
        An ImportError, for the caller to raise.
    """
    return ImportError(
        f"This needs {module!r}, which could not be imported ({reason}). "
        f'Install it with: pip install ".[{extra}]" (in a clone of keras-attn)',
        name=module,
    )
