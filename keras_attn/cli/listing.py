"""`keras-attn list`: the catalogue as a table."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.text import Text

from keras_attn.cli.parts import Json, plain_table, show_json

if TYPE_CHECKING:
    from keras_attn.catalogue.entry import Entry


def list_command(
    channels: Annotated[int, typer.Option(min=1, help="Channels to count the weights for.")] = 64,
    as_json: Json = False,
) -> None:
    """List every layer: key, family, number of weights, formula."""
    from keras_attn import catalogue

    entries = [catalogue.describe(key) for key in catalogue.list_layers()]
    if as_json:
        show_json([entry.as_dict() for entry in entries])
        return
    console = Console()
    beside = console.width >= 60 + max(len(entry.formula) for entry in entries)
    table = plain_table()
    for column in ("key", "name"):
        table.add_column(column, no_wrap=True)
    table.add_column(f"weights, C={channels}", justify="right", no_wrap=True)
    if beside:
        table.add_column("formula", no_wrap=True)
    family = None
    for entry in entries:
        if entry.family != family:
            family = entry.family
            table.add_row(Text(family, style="italic"), end_section=True)
        count = entry.parameters_or_none(channels)
        # A dash where a layer's default groups do not divide so many channels.
        row = entry.key, unique_title(entry, entries), "-" if count is None else f"{count:,}"
        table.add_row(*row, *([Text(entry.formula)] if beside else []))
    console.print(table)
    if not beside:
        show_formulas(entries)


def unique_title(entry: Entry, entries: list[Entry]) -> str:
    """The title of a layer; where two designs share a title, the key tells which it is."""
    if sum(each.title == entry.title for each in entries) == 1:
        return entry.title
    return f"{entry.title} ({entry.key.removeprefix(f'{entry.title.lower()}_')})"


def show_formulas(entries: list[Entry]) -> None:
    """Prints a formula per line, for terminals too narrow to have them in the table."""
    width = max(len(entry.key) for entry in entries)
    typer.echo("\nformula")
    for entry in entries:
        typer.echo(f"{entry.key:{width}}  {entry.formula}")
