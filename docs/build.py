"""Builds the documentation site.

python -m docs.build              writes the folder site; `make docs` serves it
python -m docs.build FOLDER       writes another one

The pages of this folder are copied to build/site-source, those of the layers, the tutorials and
the picker's data are made there, and mkdocs does the rest.
"""

from __future__ import annotations

import logging
import shutil
import sys
from pathlib import Path
from typing import Any

import yaml
from mkdocs.commands.build import build
from mkdocs.config import load_config

from docs.site import combinations, gallery, home, law, notebooks, reference

DOCS = Path(__file__).parent
ROOT = DOCS.parent
CONFIG = ROOT / "mkdocs.yml"
PAGES = (".md", ".png", ".svg", ".webp", ".css", ".js")


def assemble(folder: Path) -> None:
    """Writes everything that mkdocs reads to a folder, which is emptied first."""
    shutil.rmtree(folder, ignore_errors=True)
    for path in DOCS.rglob("*"):
        if path.suffix in PAGES:
            target = folder / path.relative_to(DOCS)
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, target)
    home_page = folder / "index.md"
    home_page.write_text(home.filled(home_page.read_text(encoding="utf-8")), encoding="utf-8")
    (folder / "layers").mkdir()
    for name, page in gallery.pages().items():
        (folder / "layers" / name).write_text(page, encoding="utf-8")
    (folder / "layers" / "combinations.md").write_text(combinations.page(), encoding="utf-8")
    (folder / "assets" / "combinations.js").write_text(combinations.script(), encoding="utf-8")
    notebooks.write(folder / "tutorials")
    (folder / "api" / "classes.md").write_text(reference.classes(), encoding="utf-8")
    (folder / "api" / "command-line.md").write_text(reference.commands(), encoding="utf-8")
    (folder / "assets" / "law.js").write_text(law.script(), encoding="utf-8")


def navigation(source: Path) -> list[Any]:
    """That of mkdocs.yml, with the pages that are made here in their sections.

    A page that is made from measurements is left out until there are some.
    """
    made = {"Layers": gallery.navigation(), "Tutorials": notebooks.navigation()}
    written = yaml.safe_load(CONFIG.read_text(encoding="utf-8"))["nav"]
    found = []
    for title, pages in (each for item in written for each in item.items()):
        if isinstance(pages, list):
            there = [
                page for page in pages if all((source / name).exists() for name in names(page))
            ]
            pages = [*there, *made.get(title, [])]
        found.append({title: pages})
    return found


def names(page: str | dict[str, str]) -> list[str]:
    """The file of an item of the navigation, which may have a title."""
    return list(page.values()) if isinstance(page, dict) else [page]


def main(site: Path = ROOT / "site") -> None:
    """Builds the site; a warning is an error."""
    source = ROOT / "build" / f"{site.name}-source"
    assemble(source)
    config = load_config(
        str(CONFIG), docs_dir=str(source), site_dir=str(site), nav=navigation(source), strict=True
    )
    build(config)


if __name__ == "__main__":
    logging.basicConfig(level=logging.WARNING, format="%(levelname)s %(name)s: %(message)s")
    main(*map(Path, sys.argv[1:2]))
