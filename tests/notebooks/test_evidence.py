"""The recommendations that the notebooks print are those of the guideline and evidence of today."""

import json
from pathlib import Path

import pytest

from docs.notebook_evidence import CLAIM, renewed

pytestmark = pytest.mark.once

FOLDER = Path(__file__).parents[2] / "notebooks"
NOTEBOOKS = sorted(FOLDER.glob("*.ipynb"))


def printed(path):
    """What the code cells of a notebook printed."""
    cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    outputs = [output for cell in cells for output in cell.get("outputs", ())]
    return "\n".join("".join(output.get("text", ())) for output in outputs)


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_printed_evidence_is_current(path):
    text = printed(path)
    assert renewed(text) == text, f"{path.name} is stale: run python -m docs.notebook_evidence"


def test_some_notebooks_print_evidence():
    assert sum(bool(CLAIM.search(printed(path))) for path in NOTEBOOKS) >= 5
