"""How every command runs: the package is loaded quietly, and an error is one message."""

from __future__ import annotations

import os
import re
import sys
import tempfile
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder
from types import ModuleType
from typing import Any

import typer
from typer.core import TyperCommand

from keras_attn.cli.backend import choose_backend
from keras_attn.heap import keep_memory

#: What a user's mistake raises; anything else may be a fault of this package.
EXPECTED = (ValueError, OSError, ImportError, RuntimeError)


class Command(TyperCommand):
    """A command that needs Keras, and whose errors are one message and exit status 2."""

    def invoke(self, ctx: Any) -> Any:
        """Runs the command."""
        debug = ctx.find_root().params["debug"]
        try:
            load_package()
            return super().invoke(ctx)
        except (typer.Exit, typer.Abort):
            raise
        except Exception as error:
            if debug or is_about_usage(error):
                raise
            typer.echo(f"keras-attn: {message_of(error, self.params)}", err=True)
            raise typer.Exit(2) from None


def is_about_usage(error: Exception) -> bool:
    """Whether the option parser raised an error, which it shows itself."""
    return hasattr(error, "format_message")


def load_package() -> None:
    """Does what `import keras_attn` does outside the command: registers layers, gives names."""
    choose_backend()
    # Messages of TensorFlow after its import obey this; errors that matter are raised as well.
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    if not any(isinstance(finder, QuietTensorFlow) for finder in sys.meta_path):
        sys.meta_path.insert(0, QuietTensorFlow())
    package = sys.modules["keras_attn"]
    loader = package.__spec__ and package.__spec__.loader
    if loader and not hasattr(package, "__all__"):  # created by _keras_attn_command.py
        keep_memory()
        loader.exec_module(package)


class QuietTensorFlow(MetaPathFinder):
    """Has TensorFlow imported without its start-up messages, whenever and by whom that is.

    PyTorch imports it too, when it compiles.
    """

    def find_spec(self, name: str, path: Any, target: Any = None) -> ModuleSpec | None:
        """Where the module is found, with a loader that is quiet."""
        spec = PathFinder.find_spec(name, path) if name == "tensorflow" else None
        if spec is not None and spec.loader is not None:
            execute = spec.loader.exec_module

            def execute_quietly(module: ModuleType) -> None:
                with quiet_standard_error():
                    execute(module)

            spec.loader.exec_module = execute_quietly  # type: ignore[method-assign]
        return spec


@contextmanager
def quiet_standard_error() -> Iterator[None]:
    """Keeps what libraries write to standard error from the terminal; an error shows it.

    TensorFlow writes to the file descriptor, not to `sys.stderr`.
    """
    sys.stderr.flush()
    terminal = os.dup(2)
    with tempfile.TemporaryFile() as written:
        os.dup2(written.fileno(), 2)
        try:
            yield
        except BaseException:
            written.seek(0)
            os.write(terminal, written.read())
            raise
        finally:
            sys.stderr.flush()
            os.dup2(terminal, 2)
            os.close(terminal)


def message_of(error: Exception, parameters: Sequence[Any]) -> str:
    """The message of an error, in the words of the command line.

    Args:
        error: The error; its message may name arguments of a Python function.
        parameters: The options and arguments of the command.
    """
    text = str(error)
    for each in parameters:
        if each.param_type_name == "option":
            option = each.opts[-1]
            text = text.replace(f"`{each.name}`", option)
            text = re.sub(rf"\b{each.name}=(?=\S)", f"{option} ", text)
    if isinstance(error, EXPECTED) and text:
        return text
    return (
        f"{type(error).__name__}{': ' if text else ''}{text}\n"
        "If this seems wrong, --debug shows where it happened."
    )


def show_warnings_in_one_line() -> None:
    """Has warnings shown without the line of code that raised them."""

    def show(message: Any, category: Any, *place: Any, **more: Any) -> None:
        typer.echo(f"keras-attn: {message}", err=True)

    warnings.showwarning = show
