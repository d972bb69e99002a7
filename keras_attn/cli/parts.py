"""What several commands share: options, how arguments are read, how results are printed."""

from __future__ import annotations

import csv
import json
import math
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.table import Table

if TYPE_CHECKING:
    import keras

Json = Annotated[bool, typer.Option("--json", help="Print JSON instead of text.")]
DataDir = Annotated[Path | None, typer.Option(help="Folder of the data sets' files.")]
Granularity = Annotated[
    str | None, typer.Option(help="coarse, or fine where classes differ in detail only.")
]
ClassNames = Annotated[
    str | None,
    typer.Option(
        help="The classes in the order of their labels, separated by commas, such as none,mild,"
        "severe; FOLDER=NAME renames one."
    ),
]


def show_json(value: Any) -> None:
    """Prints a value as JSON."""
    typer.echo(json.dumps(value, indent=2, ensure_ascii=False))


def plain_table(**options: Any) -> Table:
    """A table without lines."""
    return Table(box=None, header_style="bold", pad_edge=False, **options)


def whole_numbers(option: str, text: str) -> list[int]:
    """The numbers of an option that takes several.

    Raises:
        ValueError: If they are not whole numbers separated by commas.
    """
    try:
        return [int(number) for number in text.split(",")]
    except ValueError:
        raise ValueError(
            f"{option} takes whole numbers separated by commas, such as 32,56,56,64. "
            f"Received: {text!r}."
        ) from None


def number_range(option: str, text: str) -> tuple[float, float]:
    """The two numbers of an option that takes a range.

    Raises:
        ValueError: If they are not two numbers, the smaller first.
    """
    try:
        low, high = map(float, text.split(","))
    except ValueError:
        low = high = math.nan
    if not low < high:
        raise ValueError(
            f"{option} takes two numbers, the smaller first, such as 0,255. Received: {text!r}."
        )
    return low, high


def read_class_names(text: str | None) -> Sequence[str] | dict[str, str] | None:
    """The names of classes: a list, or a mapping if some are renamed.

    Names with commas are quoted as in CSV files.

    Raises:
        ValueError: If there are no names.
    """
    if text is None:
        return None
    names = next(csv.reader([text], skipinitialspace=True), [])
    if not all(names) or not names:
        raise ValueError(f"--class-names takes names separated by commas. Received: {text!r}.")
    if not any("=" in name for name in names):
        return names
    pairs = (name.partition("=") for name in names)
    return {old: new or old for old, _, new in pairs}


def load_model(path: Path) -> keras.Model:
    """The model in a file.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If it is not Keras's.
    """
    import keras

    from keras_attn.data.description import describe_model

    if not path.exists():
        raise FileNotFoundError(f"There is no model {str(path)!r}.")
    describe_model(path)  # its errors say what is wrong with the file; Keras's do not
    return keras.models.load_model(path, compile=False)


def which_seeds(text: str) -> int | str | list[int]:
    """The number of seeds, `"auto"`, or, with a comma, the seeds themselves."""
    if text == "auto":
        return text
    if "," not in text:
        return whole_numbers("--seeds", text)[0]
    return whole_numbers("--seeds", text.removesuffix(","))


def two_numbers(text: str) -> tuple[float, ...]:
    """The numbers of --value-range."""
    try:
        return tuple(float(part) for part in text.split(","))
    except ValueError:
        raise ValueError(
            f"--value-range must be two numbers, such as 0,1. Received: {text!r}."
        ) from None
