"""The package as users get it: built as a wheel, installed where nothing else is, and type-checked.

These tests are slow: they install Keras, JAX and what the comparison needs from the package index.
"""

import os
import subprocess
import venv
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PROGRAM = Path(__file__).with_name("user_program.py")

pytestmark = [pytest.mark.once, pytest.mark.slow]


def run(*command, **environment):
    outside = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    outside.pop("KERAS_BACKEND", None)
    done = subprocess.run(
        list(map(str, command)),
        cwd=ROOT.anchor,
        env={**outside, **environment},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
    return done.stdout


@pytest.fixture(scope="module")
def clean(tmp_path_factory):
    """The Python of an environment that has the wheel and what its extras ask for."""
    folder = tmp_path_factory.mktemp("installation")
    source = folder / "source"
    # What git has, and nothing that lies about in the working tree.
    run("git", "clone", "--quiet", ROOT, source)
    venv.create(folder / "venv", with_pip=True)
    python = folder / "venv/bin/python"
    pip = (python, "-m", "pip", "--quiet", "--disable-pip-version-check")
    run(*pip, "wheel", "--no-deps", "--wheel-dir", folder, source)
    (wheel,) = folder.glob("*.whl")
    run(
        *pip, "install", "-c", ROOT / "constraints.txt", f"{wheel}[jax,study]", "mypy", "cffconvert"
    )
    return python


def test_a_wheel_works_where_nothing_else_is_installed(clean, tmp_path):
    where = run(clean, "-c", "import keras_attn; print(keras_attn.__file__)", KERAS_BACKEND="jax")
    assert Path(where.strip()).is_relative_to(clean.parents[1])
    assert "(1, 8, 8, 16)" in run(clean, PROGRAM, KERAS_BACKEND="jax")
    command = clean.with_name("keras-attn")
    assert "cmssa" in run(command, "recommend", "--samples", 546, KERAS_HOME=tmp_path)
    trained = run(
        *(command, "compare", "digits", "--topologies", "csa", "--seeds", 1, "--epochs", 1),
        *("--samples", 100, "--output", tmp_path / "study"),
        KERAS_HOME=tmp_path,
    )
    assert "csa" in trained
    assert (tmp_path / "study/report.html").is_file()


def test_a_type_checker_reads_the_annotations_of_the_installed_package(clean, tmp_path):
    mypy = (clean, "-m", "mypy", "--cache-dir", tmp_path, "--follow-imports=silent")
    run(*mypy, "--ignore-missing-imports", PROGRAM)
    wrong = tmp_path / "wrong.py"
    wrong.write_text("import keras_attn\nkeras_attn.recommend('many').topology.colour\n")
    found = subprocess.run([*map(str, mypy), str(wrong)], capture_output=True, text=True)
    assert 'Argument 1 to "recommend" has incompatible type "str"' in found.stdout
    assert '"str" has no attribute "colour"' in found.stdout


def test_the_citation_file_is_valid(clean, tmp_path):
    cffconvert = clean.with_name("cffconvert")
    assert "valid" in run(cffconvert, "--validate", "-i", ROOT / "CITATION.cff")
    broken = (ROOT / "CITATION.cff").read_text().replace("type: software", "type: programme")
    (tmp_path / "CITATION.cff").write_text(broken)
    found = subprocess.run([cffconvert, "--validate", "-i", tmp_path / "CITATION.cff"])
    assert found.returncode != 0
