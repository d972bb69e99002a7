"""`keras-attn list`: the catalogue as a table."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.console import Console
from rich.text import Text

from keras_attn import catalogue
from keras_attn.cli.parts import Json, plain_table, show_json


def list_command(
    channels: Annotated[int, typer.Option(min=1, help="Channels to count the weights for.")] = 64,
    as_json: Json = False,
) -> None:
    """List every layer: key, family, number of weights, formula."""
    entries = [catalogue.describe(key) for key in catalogue.list_layers()]
    if as_json:
        show_json([entry.as_dict() for entry in entries])
        return
    table = plain_table()
    for column in ("key", "name"):
        table.add_column(column, no_wrap=True)
    # A dash where a layer's default groups do not divide so many channels.
    table.add_column(f"weights, C={channels}", justify="right")
    table.add_column("formula")
    family = None
    for entry in entries:
        if entry.family != family:
            family = entry.family
            table.add_row(Text(family, style="italic"), end_section=True)
        count = entry.parameters_or_none(channels)
        shown = "-" if count is None else f"{count:,}"
        table.add_row(entry.key, entry.title, shown, Text(entry.formula))
    Console().print(table)
