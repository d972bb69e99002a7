"""What holds for every command: quick answers, a quiet terminal, errors as one message."""

import json
import os
import subprocess
import sys
import time
import warnings

import numpy as np
import pytest
import typer

import keras_attn
from keras_attn import cli
from keras_attn.cli import backend
from keras_attn.cli.command import message_of, quiet_standard_error


def process(*arguments, **environment):
    """The command in a process of its own, as its entry point runs it.

    It uses JAX, which is imported in half the time of the others.
    """
    code = "import sys; from _keras_attn_command import main; sys.argv[0] = 'keras-attn'; main()"
    return subprocess.run(
        [sys.executable, "-c", code, *map(str, arguments)],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "KERAS_BACKEND": "jax", **environment},
    )


@pytest.mark.parametrize(
    ("arguments", "status", "expected"),
    [
        (["--help"], 0, "compare"),
        (["compare", "--help"], 0, "--class-names"),
        (["--version"], 0, keras_attn.__version__),
        (["compare", "--epohcs", "3"], 2, "No such option"),
    ],
)
def test_help_version_and_mistyped_options_import_nothing_heavy(arguments, status, expected):
    heavy = {"keras", "numpy", "pandas", "matplotlib", "scipy", "PIL", "keras_attn.layers"}
    code = (
        "import atexit, sys\n"
        f"sys.argv = ['keras-attn', *{arguments}]\n"
        f"atexit.register(lambda: print('HEAVY', {heavy} & set(sys.modules)))\n"
        "from _keras_attn_command import main; main()\n"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert found.returncode == status
    assert expected in found.stdout + found.stderr
    assert "HEAVY set()" in found.stdout


def test_help_takes_about_a_second():
    times = []
    for _ in range(3):
        started = time.perf_counter()
        assert process("--help").returncode == 0
        times.append(time.perf_counter() - started)
    assert min(times) < 1.5


def test_nothing_but_the_answer_is_on_the_terminal():
    found = process("recommend", "--samples", 546, TF_CPP_MIN_LOG_LEVEL="0")
    assert found.stderr == ""
    assert found.stdout.startswith("cmssa")
    assert max(map(len, found.stdout.splitlines())) <= 100


def test_what_an_import_writes_is_shown_only_if_it_fails(capfd):
    with quiet_standard_error():
        os.write(2, b"a start-up message\n")
    assert capfd.readouterr().err == ""
    with pytest.raises(ImportError), quiet_standard_error():  # noqa: PT012
        os.write(2, b"the reason\n")
        raise ImportError
    assert capfd.readouterr().err == "the reason\n"


class StrangeError(Exception):
    """A class of errors that no command expects."""


@pytest.mark.parametrize(
    "error", [KeyError("x"), StrangeError("y"), TypeError("z"), StrangeError()]
)
def test_an_error_of_any_class_is_one_message(command, monkeypatch, error):
    def fail(*arguments):
        raise error

    monkeypatch.setattr("keras_attn.guideline.recommend", fail)
    status, text, errors = command("recommend", "--samples", 5)
    assert (status, text) == (2, "")
    assert errors.startswith(f"keras-attn: {type(error).__name__}")
    assert "--debug shows where it happened" in errors
    assert "Traceback" not in errors


@pytest.mark.parametrize("place", [1, 2, 4])
def test_debug_raises_the_error_wherever_it_stands(place, monkeypatch):
    arguments = ["keras-attn", "recommend", "--samples", "0"]
    monkeypatch.setattr(sys, "argv", [*arguments[:place], "--debug", *arguments[place:]])
    with pytest.raises(ValueError, match=r"^`num_samples` must be a whole number"):
        cli.main()


def test_debug_shows_the_traceback():
    found = process("recommend", "--samples", "0", "--debug")
    assert found.returncode == 1
    assert "Traceback (most recent call last)" in found.stderr
    assert "ValueError: `num_samples` must be" in found.stderr


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("recommend", "--samples", 0), "--samples must be a whole number of at least 1. "),
        (("recommend", "--samples", 9, "--task", "x"), '--task must be one of "binary", '),
        (("recommend", "digits", "--class-names", "a,b"), "--class-names differ from the classes "),
        (("recommend", "digits", "--data-dir", "none"), "--data-dir names a folder that does not"),
        (("compare", "digits", "--size", 0), "Received: --size 0."),
        (("compare", "digits", "--granularity", "big"), "--granularity must be one of "),
    ],
)
def test_errors_name_the_options(command, arguments, message):
    status, _, errors = command(*arguments)
    assert status == 2
    assert message in errors
    assert "`" not in errors


def test_only_whole_names_become_options():
    (size,) = [
        p for p in typer.main.get_command(cli.app).commands["compare"].params if p.name == "size"
    ]
    assert message_of(ValueError("my_size=3, size=4, `size`"), [size]) == (
        "my_size=3, --size 4, --size"
    )


def test_a_warning_is_one_line(command, monkeypatch):
    def warn(*arguments):
        warnings.warn("look here", stacklevel=1)
        return keras_attn.recommend(*arguments)

    monkeypatch.setattr("keras_attn.guideline.recommend", warn)
    with warnings.catch_warnings():
        warnings.simplefilter("default")
        _, _, errors = command("recommend", "--samples", 5)
    assert errors == "keras-attn: look here\n"


def test_a_command_sees_the_package_as_everybody_does():
    """Saved models load in it, and code that it runs finds the public names."""
    code = """
import _keras_attn_command, keras_attn
from keras_attn.cli.command import load_package
assert not hasattr(keras_attn, "create")
load_package()
import keras
registered = set(keras.saving.get_custom_objects())
assert {"keras_attn>CSA", "keras_attn>DescribedInitializer"} <= registered
assert all(getattr(keras_attn, name) is not None for name in keras_attn.__all__)
"""
    environment = {**os.environ, "KERAS_BACKEND": "jax"}
    subprocess.run([sys.executable, "-c", code], check=True, env=environment)


def test_class_names_and_task_are_passed_on(command, tmp_path):
    images = np.zeros((12, 8, 8), "uint8")
    np.savez(tmp_path / "a.npz", train_images=images, train_labels=np.arange(12) % 3)
    status, text, _ = command(
        *("recommend", tmp_path / "a.npz", "--task", "ordinal", "--class-names", "2,1,0", "--json"),
        *("--granularity", "fine"),
    )
    assert status == 0
    assert '"task": "ordinal"' in text
    assert '"granularity": "fine"' in text


@pytest.mark.parametrize(
    ("configured", "installed", "expected"),
    [
        (None, {"jax", "torch"}, "jax"),
        ("torch", {"jax", "torch"}, None),
        ("torch", {"tensorflow"}, "tensorflow"),
        (None, {"tensorflow", "jax"}, None),
    ],
)
def test_a_command_runs_on_a_backend_that_is_installed(
    configured, installed, expected, monkeypatch, tmp_path
):
    if configured:
        (tmp_path / "keras.json").write_text(json.dumps({"backend": configured}))
    monkeypatch.setattr(backend, "find_spec", lambda name: name in installed)
    monkeypatch.setenv("KERAS_HOME", str(tmp_path))
    # Set before it is deleted, so that it is put back whatever the function sets.
    monkeypatch.setenv("KERAS_BACKEND", "")
    monkeypatch.delenv("KERAS_BACKEND")
    backend.choose_backend()
    assert os.environ.get("KERAS_BACKEND") == expected


def test_without_any_backend_the_error_says_what_to_install(monkeypatch, tmp_path):
    monkeypatch.setattr(backend, "find_spec", lambda name: None)
    monkeypatch.setenv("KERAS_HOME", str(tmp_path))
    monkeypatch.delenv("KERAS_BACKEND", raising=False)
    with pytest.raises(ImportError, match=r"none of them is installed\. Install one"):
        backend.choose_backend()
