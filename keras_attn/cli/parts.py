"""What several commands share: an option, how results are printed, what arguments are read as."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any

import keras
import typer
from rich.table import Table

Json = Annotated[bool, typer.Option("--json", help="Print JSON instead of text.")]


def show_json(value: Any) -> None:
    """Prints a value as JSON."""
    typer.echo(json.dumps(value, indent=2, ensure_ascii=False))


def plain_table(**options: Any) -> Table:
    """A table without lines."""
    return Table(box=None, header_style="bold", pad_edge=False, **options)


def whole_numbers(option: str, text: str) -> list[int]:
    """The numbers of an option that takes several.

    Raises:
        ValueError: If they are no whole numbers separated by commas.
    """
    try:
        return [int(number) for number in text.split(",")]
    except ValueError:
        raise ValueError(
            f"{option} takes whole numbers separated by commas, such as 32,56,56,64. "
            f"Received: {text!r}."
        ) from None


def load_model(path: Path) -> keras.Model:
    """The model in a file.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If it is not Keras's.
    """
    if not path.is_file():
        raise FileNotFoundError(f"There is no model {str(path)!r}.")
    return keras.models.load_model(path, compile=False)
