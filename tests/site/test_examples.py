"""The examples on the pages run as they stand, their networks learn, and their lines fit."""

import os
import re
import subprocess
import sys

import pytest

from tests.site.conftest import ROOT

pytestmark = pytest.mark.once

#: Characters that fit beside each other in a code block of the site.
WIDEST = 79

UNSCALED = """
```python
import keras
import keras_attn

digits = keras_attn.load_dataset("digits")
inputs = keras.Input(digits.image_shape)
x = keras.layers.Rescaling(1 / 255)(inputs)  # the digits are in [0, 1] already
x = keras.layers.Conv2D(4, 3, activation="relu")(x)
x = keras.layers.GlobalAveragePooling2D()(x)
model = keras.Model(inputs, keras.layers.Dense(10, activation="softmax")(x))
model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
model.fit(*digits.train, epochs=1, verbose=0)
```
"""


def run(pages, folder):
    """Runs the blocks of these pages in a folder, where some write files."""
    return subprocess.run(
        [sys.executable, ROOT / "tests" / "site" / "examples.py", *pages],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
    )


def test_examples_run_and_learn(tmp_path):
    docs = ROOT / "docs"
    pages = [ROOT / "README.md", docs / "index.md", docs / "quickstart.md"]
    done = run([*pages, *sorted((docs / "how-to").glob("*.md"))], tmp_path)
    assert done.returncode == 0, done.stderr[-3000:]


def test_an_example_that_does_not_learn_fails(tmp_path):
    page = tmp_path / "page.md"
    page.write_text(UNSCALED, encoding="utf-8")
    done = run([page], tmp_path)
    assert done.returncode == 1
    assert "Code in the documentation must learn" in done.stderr


def test_code_fits_its_column():
    docs = ROOT / "docs"
    pages = [ROOT / "README.md", *docs.glob("*.md"), *(docs / "how-to").glob("*.md")]
    blocks = [
        (page.name, line)
        for page in pages
        for block in re.findall(r"^```\w+\n(.*?)^```", page.read_text("utf-8"), re.M | re.S)
        for line in block.splitlines()
    ]
    assert len(blocks) > 100
    assert [(name, line) for name, line in blocks if len(line) > WIDEST] == []
