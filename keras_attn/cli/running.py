"""A study on the command line: how far it is, and how it is resumed."""

from __future__ import annotations

import sys
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from keras_attn.cli.parts import show_json

if TYPE_CHECKING:
    from collections.abc import Iterator


@contextmanager
def saying_how_to_resume(folder: Path) -> Iterator[None]:
    """Ends an interrupted comparison with one message."""
    try:
        yield
    except KeyboardInterrupt:
        typer.echo(
            f"keras-attn: interrupted. Finished trials are kept in {str(folder)!r}; the same "
            "command resumes with the rest.",
            err=True,
        )
        sys.exit(130)


def show_status(folder: Path, as_json: bool) -> None:
    """Prints how far a study is."""
    from keras_attn.study.status import read_status

    found = read_status(folder)
    if as_json:
        show_json(found.as_dict())
    else:
        typer.echo(str(found))
