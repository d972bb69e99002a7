"""Running the command as a shell does."""

import sys

import pytest

from keras_attn import cli


def run(capsys, monkeypatch, *arguments):
    """Exit status, standard output and standard error of `keras-attn ARGUMENTS`."""
    monkeypatch.setattr(sys, "argv", ["keras-attn", *map(str, arguments)])
    with pytest.raises(SystemExit) as exit_:
        cli.main()
    captured = capsys.readouterr()
    return exit_.value.code or 0, captured.out, captured.err


@pytest.fixture
def command(capsys, monkeypatch):
    return lambda *arguments: run(capsys, monkeypatch, *arguments)
