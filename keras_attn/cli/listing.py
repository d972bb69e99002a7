"""`keras-attn list`: the catalogue as a table."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.table import Table
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
    # Formulas are never broken: on a narrow terminal each stands below its layer.
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
        # A dash where a layer's default groups do not divide the number of channels.
        row = entry.key, unique_title(entry, entries), "-" if count is None else f"{count:,}"
        table.add_row(*row, *([Text(entry.formula)] if beside else []))
    if beside:
        console.print(table)
    else:
        print_with_formulas(console, table, {entry.key: entry.formula for entry in entries})


def unique_title(entry: Entry, entries: list[Entry]) -> str:
    """The title of a layer; where two designs share a title, the key tells which it is."""
    if sum(each.title == entry.title for each in entries) == 1:
        return entry.title
    return f"{entry.title} ({entry.key.removeprefix(f'{entry.title.lower()}_')})"


def print_with_formulas(console: Console, table: Table, formulas: dict[str, str]) -> None:
    """Prints a table with the formula of each layer on a line below it."""
    for line in console.render_lines(table, pad=False):
        text = Text.assemble(*((segment.text, segment.style or "") for segment in line))
        console.print(text, no_wrap=True)
        key = text.plain.partition(" ")[0]
        if key in formulas:
            console.print(Text(f"  {formulas[key]}"), no_wrap=True, crop=False)
