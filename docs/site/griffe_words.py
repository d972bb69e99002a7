"""An extension of griffe, which reads the package for the reference (mkdocs.yml names it).

Keras's docstrings, and ours, have "Example:", for which griffe's word is "Examples:". Under its own
word the code is code, and not a text with links in it. Defaults that are names of constants are
shown as their values.
"""

from __future__ import annotations

import importlib
from typing import Any

import griffe


class KerasDocstrings(griffe.Extension):
    """Gives griffe its own word, and values for names."""

    def on_instance(self, *, obj: griffe.Object, **kwargs: Any) -> None:
        """Called for every object once it is read."""
        if obj.docstring is not None:
            obj.docstring.value = obj.docstring.value.replace("\nExample:\n", "\nExamples:\n")

    def on_function(self, *, func: griffe.Function, **kwargs: Any) -> None:
        """Replaces defaults such as `Training.shift` or `HEADLINE` by their values."""
        for parameter in func.parameters:
            if isinstance(parameter.default, (griffe.ExprAttribute, griffe.ExprName)):
                scope = vars(importlib.import_module(func.module.path))
                first, *names = str(parameter.default).split(".")
                value = scope[first]
                for name in names:
                    value = getattr(value, name)
                parameter.default = repr(value)
