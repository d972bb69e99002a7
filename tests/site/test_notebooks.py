"""Notebooks become pages, whatever is in them."""

import base64
import io

import nbformat.v4
import pytest
from PIL import Image

from docs.site import notebooks

PICTURE = io.BytesIO()
Image.new("RGB", (1200, 300), "navy").save(PICTURE, "PNG")
PIXEL = base64.b64encode(PICTURE.getvalue()).decode()


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """Where the notebooks are."""
    monkeypatch.setattr(notebooks, "FOLDER", tmp_path / "notebooks")
    (tmp_path / "notebooks").mkdir()
    return tmp_path / "notebooks"


def write(path, text, *outputs):
    code = nbformat.v4.new_code_cell("1 + 1", outputs=list(outputs))
    cells = [nbformat.v4.new_markdown_cell(text), code]
    nbformat.write(nbformat.v4.new_notebook(cells=cells), path)


def output(**data):
    return nbformat.v4.new_output("display_data", {k.replace("_", "/"): v for k, v in data.items()})


def test_without_notebooks_there_is_an_empty_index(folder, tmp_path):
    notebooks.write(tmp_path / "made")
    assert "##" not in (tmp_path / "made" / "index.md").read_text()
    assert notebooks.navigation() == []


def test_a_notebook_is_a_page_with_its_pictures_tables_and_links(folder, tmp_path):
    table = "<div>\n<style scoped>\n td {}\n</style>\n<table><tr><td>7</td></tr></table>\n</div>"
    write(folder / "01_second.ipynb", "# Second\n\nAfter.")
    write(
        folder / "00_first.ipynb",
        "# First\n\nThen `01_second`, [again](01_second.ipynb), [clusters](../docs/clusters.md).",
        output(image_png=PIXEL, text_plain="Figure"),
        output(text_html=table, text_plain="7"),
    )
    notebooks.write(tmp_path / "made")
    page = (tmp_path / "made" / "00_first.md").read_text()
    assert page.startswith("# First\n\n*This page is the notebook `notebooks/00_first.ipynb`")
    assert "[`01_second`](01_second.md), [again](01_second.md), [clusters](../clusters.md)" in page
    assert "<td>7</td>" in page
    assert "<style" not in page
    thumbnail, picture = sorted((tmp_path / "made").glob("*.png"))
    assert picture.read_bytes() == PICTURE.getvalue()
    with Image.open(thumbnail) as opened:
        assert opened.size == (480, 120)
    assert f"![What the code above draws]({picture.name})" in page
    index = (tmp_path / "made" / "index.md").read_text()
    assert index.count('<a class="card"') == 2
    first, second = index.split('<a class="card"')[1:]
    assert 'href="00_first/"><img src="00_first-small.png"' in first
    assert "Without outputs" not in first
    assert 'href="01_second/"><strong>Second</strong>' in second
    assert "Without outputs: its images were not available" in second
    assert notebooks.navigation() == ["tutorials/00_first.md", "tutorials/01_second.md"]
