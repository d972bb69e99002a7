"""`--config FILE`: the options of a command, and the training, from a TOML file."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import Any

import typer

#: Where the table `[training]` of the file waits for the command.
TRAINING = "keras_attn.training"


def read_config(context: typer.Context, path: Path | None) -> Path | None:
    """Takes the options from a file; those on the command line replace them.

    Args:
        context: The command, which is being parsed.
        path: The file; None if there is none.

    Raises:
        BadParameter: If the file cannot be read, or has a key that is not an option.
    """
    if path is None:
        return None
    try:
        values = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise typer.BadParameter(f"There is no file {str(path)!r}.") from None
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise typer.BadParameter(f"{str(path)!r} is not a TOML file: {error}.") from None
    training = values.pop("training", {})
    if not isinstance(training, dict):
        raise typer.BadParameter("`training` must be a table, which begins with [training].")
    given = {key.replace("-", "_"): value for key, value in values.items()}
    names = names_of(context)
    try:
        check_keys(f"{str(path)!r}", given, [*names, "training"])
    except ValueError as error:
        raise typer.BadParameter(str(error)) from None
    several = {each.name for each in context.command.params if each.nargs == -1}
    context.default_map = {
        names[key]: value if names[key] in several else as_option(value)
        for key, value in given.items()
    }
    context.meta[TRAINING] = training
    return path


def names_of(context: typer.Context) -> dict[str, str]:
    """The name of each parameter by the names that a file may use: its own and its option's."""
    found: dict[str, str] = {}
    for each in context.command.params:
        options = [option.lstrip("-").replace("-", "_") for option in each.opts]
        if each.name is not None and "config" not in options and each.name != "help":
            found |= dict.fromkeys([each.name, *options], each.name)
    return found


def check_keys(where: str, given: Iterable[str], known: Sequence[str]) -> None:
    """Checks the keys of a table.

    Raises:
        ValueError: If one is not known; the message names the nearest.
    """
    for key in given:
        if key not in known:
            near = get_close_matches(key, known, n=1)
            hint = f" Did you mean {near[0]!r}?" if near else ""
            raise ValueError(
                f"{where} has an unknown key {key!r}.{hint} Known are {', '.join(known)}."
            )


def as_option(value: Any) -> Any:
    """A value as the option takes it: lists of numbers or texts are joined by commas."""
    if isinstance(value, list):
        return ",".join(map(str, value))
    return value
