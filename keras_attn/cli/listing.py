"""`keras-attn list`: the catalogue of layers, or of gates, as a table."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, NamedTuple

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from keras_attn.cli.parts import Json, plain_table, show_json

if TYPE_CHECKING:
    from keras_attn.catalogue.entry import Entry
    from keras_attn.gates.entry import GateEntry


class Row(NamedTuple):
    """A row of the table.

    Attributes:
        section: What it is listed under.
        key: What is written in code.
        name: What people call it.
        parameters: Trainable parameters; None where the defaults do not fit the number of channels.
        formula: What it computes.
    """

    section: str
    key: str
    name: str
    parameters: int | None
    formula: str


def list_command(
    channels: Annotated[int, typer.Option(min=1, help="Channels to count parameters for.")] = 64,
    gates: Annotated[
        bool, typer.Option("--gates", help="List the gates that a topology can have.")
    ] = False,
    as_json: Json = False,
) -> None:
    """List every layer, or every gate: key, number of parameters, formula."""
    from keras_attn import catalogue
    from keras_attn.gates.table import GATES

    layers = [catalogue.describe(key) for key in catalogue.list_layers()]
    if as_json:
        show_json([each.as_dict() for each in (GATES if gates else layers)])
    elif gates:
        show([gate_row(entry, channels) for entry in GATES], channels)
    else:
        show([layer_row(entry, layers, channels) for entry in layers], channels)


def layer_row(entry: Entry, entries: list[Entry], channels: int) -> Row:
    """The row of a layer."""
    title = unique_title(entry, entries)
    count = entry.parameters_or_none(channels)
    return Row(entry.family, entry.key, title, count, entry.formula)


def gate_row(entry: GateEntry, channels: int) -> Row:
    """The row of a gate, whose key is written as the argument of a topology."""
    try:
        count = entry.parameters(channels)
    except ValueError:
        count = None
    key, title = f"{entry.kind}={entry.key}", f"{entry.title}, {entry.returns}"
    return Row(f"{entry.kind} gates", key, title, count, entry.formula)


def show(rows: list[Row], channels: int) -> None:
    """Prints the rows; formulas are never broken: on a narrow terminal each has its own line."""
    console = Console()
    beside = console.width >= 60 + max(len(row.formula) for row in rows)
    table = plain_table()
    for column in ("key", "name"):
        table.add_column(column, no_wrap=True)
    table.add_column(f"parameters, C={channels}", justify="right", no_wrap=True)
    if beside:
        table.add_column("formula", no_wrap=True)
    section = None
    for row in rows:
        if row.section != section:
            section = row.section
            table.add_row(Text(section, style="italic"), end_section=True)
        # A dash where default groups do not divide the number of channels.
        cells = row.key, row.name, "-" if row.parameters is None else f"{row.parameters:,}"
        table.add_row(*cells, *([Text(row.formula)] if beside else []))
    if beside:
        console.print(table)
    else:
        print_with_formulas(console, table, {row.key: row.formula for row in rows})


def unique_title(entry: Entry, entries: list[Entry]) -> str:
    """The title of a layer; where two designs share a title, the key tells which it is."""
    if sum(each.title == entry.title for each in entries) == 1:
        return entry.title
    return f"{entry.title} ({entry.key.removeprefix(f'{entry.title.lower()}_')})"


def print_with_formulas(console: Console, table: Table, formulas: dict[str, str]) -> None:
    """Prints a table with the formula of each row on a line below it."""
    for line in console.render_lines(table, pad=False):
        text = Text.assemble(*((segment.text, segment.style or "") for segment in line))
        console.print(text, no_wrap=True)
        key = text.plain.partition(" ")[0]
        if key in formulas:
            console.print(Text(f"  {formulas[key]}"), no_wrap=True, crop=False)
