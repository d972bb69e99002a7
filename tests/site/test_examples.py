"""The examples on the pages run as they stand."""

import subprocess
import sys

from tests.site.conftest import ROOT


def test_the_examples_run(tmp_path):
    docs = ROOT / "docs"
    pages = [docs / "index.md", docs / "quickstart.md", *sorted((docs / "how-to").glob("*.md"))]
    done = subprocess.run(
        [sys.executable, ROOT / "tests" / "site" / "examples.py", *pages],
        cwd=tmp_path,  # where some write files
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr[-3000:]
