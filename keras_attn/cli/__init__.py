"""The command `keras-attn`: what the package does, from a shell. One file per command.

The backend is Keras's own choice: set KERAS_BACKEND to tensorflow, jax or torch.
Bad input ends with one message on standard error and exit status 2.

Nothing here imports Keras: a command does so when it runs, so that help and mistyped options are
answered at once.
"""

from __future__ import annotations

import sys
from typing import Annotated

from keras_attn.extras import missing
from keras_attn.version import __version__

try:
    import rich  # noqa: F401
    import typer
except ImportError as error:
    sys.exit(f"keras-attn: {missing('typer', 'study', error)}")

from keras_attn.cli.command import Command, show_warnings_in_one_line
from keras_attn.cli.comparison import PLAN, compare_command
from keras_attn.cli.explanation import explain_command
from keras_attn.cli.exporting import export_command
from keras_attn.cli.importing import import_command
from keras_attn.cli.listing import list_command
from keras_attn.cli.recommendation import recommend_command
from keras_attn.cli.report import report_command
from keras_attn.cli.timing import bench_command

app = typer.Typer(
    name="keras-attn",
    help="Channel-spatial attention for Keras 3: which one, where, and whether it helps.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)
app.command("list", cls=Command)(list_command)
app.command("recommend", cls=Command)(recommend_command)
app.command("compare", cls=Command)(compare_command)
app.command(
    PLAN,
    cls=Command,
    help="Say how long a comparison will take, and what it can show; the options are its own.",
)(compare_command)
app.command("report", cls=Command)(report_command)
app.command("bench", cls=Command)(bench_command)
app.command("explain", cls=Command)(explain_command)
app.command("import", cls=Command)(import_command)
app.command("export", cls=Command)(export_command)


def show_version(wanted: bool) -> None:
    """Prints the version and ends."""
    if wanted:
        typer.echo(f"keras-attn {__version__}")
        raise typer.Exit


@app.callback()
def options(
    version: Annotated[
        bool,
        typer.Option("--version", callback=show_version, is_eager=True, help="Print the version."),
    ] = False,
    debug: Annotated[
        bool, typer.Option("--debug", help="Show the traceback of an error. Works anywhere.")
    ] = False,
) -> None:
    """Declares the options of all commands."""


def main() -> None:
    """Runs the command."""
    arguments = sys.argv[1:]
    if "--debug" in arguments:
        arguments = ["--debug", *(each for each in arguments if each != "--debug")]
    show_warnings_in_one_line()
    app(arguments)
