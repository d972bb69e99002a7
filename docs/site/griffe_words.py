"""An extension of griffe, which reads the docstrings for the reference (mkdocs.yml names it).

Keras's docstrings, and ours, have "Example:", for which griffe's word is "Examples:". Under its own
word the code is code, and not a text with links in it.
"""

from __future__ import annotations

from typing import Any

import griffe


class KerasDocstrings(griffe.Extension):
    """Gives griffe its own word."""

    def on_instance(self, *, obj: griffe.Object, **kwargs: Any) -> None:
        """Called for every object once it is read."""
        if obj.docstring is not None:
            obj.docstring.value = obj.docstring.value.replace("\nExample:\n", "\nExamples:\n")
