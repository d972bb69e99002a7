"""The command `keras-attn`: what the package does, from a shell. A file a command.

The backend is Keras's own choice: set KERAS_BACKEND to tensorflow, jax or torch.
Bad input ends with one message on standard error and exit status 2.
"""

from __future__ import annotations

import sys

from keras_attn.extras import missing

try:
    import rich  # noqa: F401
    import typer
except ImportError as error:
    sys.exit(f"keras-attn: {missing('typer', 'study', error)}")

from keras_attn.cli.comparison import compare_command
from keras_attn.cli.explanation import explain_command
from keras_attn.cli.exporting import export_command
from keras_attn.cli.listing import list_command
from keras_attn.cli.recommendation import recommend_command
from keras_attn.cli.timing import bench_command

app = typer.Typer(
    name="keras-attn",
    help="Channel-spatial attention for Keras 3: which one, where, and whether it helps.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
)
app.command("list")(list_command)
app.command("recommend")(recommend_command)
app.command("compare")(compare_command)
app.command("bench")(bench_command)
app.command("explain")(explain_command)
app.command("export")(export_command)


def main() -> None:
    """Runs the command; bad input is one message and exit status 2."""
    try:
        app()
    except (ValueError, OSError, ImportError, RuntimeError) as error:
        typer.echo(f"keras-attn: {error}", err=True)
        sys.exit(2)
