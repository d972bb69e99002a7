"""`keras-attn report`: the report of a study again, from its stored trials."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from keras_attn.cli.parts import Json, show_json


def report_command(
    folder: Annotated[
        Path, typer.Argument(metavar="DIR", help="The --output of `keras-attn compare`.")
    ],
    as_json: Json = False,
) -> None:
    """Write report, tables and results of a study again, without training.

    It reads the trials that have ended, and needs neither the images nor an accelerator.
    """
    from keras_attn.cli.summary import show_summary
    from keras_attn.study import Comparison

    comparison = Comparison.read(folder)
    comparison.save_report(folder)
    if as_json:
        show_json(json.loads(comparison.results.to_json(orient="records")))
        return
    show_summary(comparison)
    typer.echo(f"\nReport: {(folder / 'report.html').resolve()}")
