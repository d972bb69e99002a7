"""The two pages of the reference that are read off the package: layer classes, command line."""

from __future__ import annotations

import inspect

import typer
from typer.testing import CliRunner

from keras_attn import catalogue
from keras_attn.cli import app

CLASSES = """\
# Layer classes

`keras_attn.create(key)` and the class are the same thing. Each has a page with its arguments; what
they share stands below.

| class | key | |
|---|---|---|
"""

COMMANDS = """\
# Command line

The command `keras-attn` comes with the extra `study`. What it says of itself:

"""


def classes() -> str:
    """Key, class and summary of every layer, and the base class."""
    rows = []
    for key in catalogue.list_layers():
        entry = catalogue.describe(key)
        name = entry.layer_class.__name__
        rows.append(f"| `{name}` | [`{key}`](../layers/{key}.md) | {entry.summary} |\n")
    others = "\n::: keras_attn.layers.AttentionGate\n\n::: keras_attn.layers.AttentionLayer\n"
    return CLASSES + "".join(rows) + others


def commands() -> str:
    """The help of every command."""
    parts = [COMMANDS]
    for command in typer.main.get_command(app).commands:  # type: ignore[attr-defined]
        shown = CliRunner().invoke(app, [command, "--help"], env={"COLUMNS": "90"}).output
        text = "\n".join(f"    {line}".rstrip() for line in inspect.cleandoc(shown).splitlines())
        parts.append(f"## {command}\n\n{text}\n\n")
    return "".join(parts)
