"""The tutorials: notebooks as they were run, rendered to Markdown."""

from __future__ import annotations

import re
from pathlib import Path

import nbformat
from nbconvert import MarkdownExporter

FOLDER = Path(__file__).parents[2] / "notebooks"

INDEX = """\
# Tutorials

Notebooks that you can follow and change. They are in the folder `notebooks` of the repository; in a
clone, run `pip install ".[tensorflow,datasets,notebooks]"` and `jupyter lab`. The pages here show
the outputs of the last run.

"""

NONE = "There are none yet.\n"

RUN = "*This page is the notebook `notebooks/{name}.ipynb`, as it was last run.*\n"


def sources() -> list[Path]:
    """The notebooks, in the order of their names."""
    return sorted(FOLDER.glob("*.ipynb"))


def write(folder: Path) -> None:
    """Writes the index, one page per notebook, and the pictures in them."""
    folder.mkdir(parents=True)
    lines = []
    for path in sources():
        text, pictures = render(path)
        (folder / f"{path.stem}.md").write_text(text, encoding="utf-8")
        for name, content in pictures.items():
            (folder / name).write_bytes(content)
        title = re.search(r"^# (.+)$", text, re.MULTILINE)
        lines.append(f"* [{title[1] if title else path.stem}]({path.stem}.md)\n")
    (folder / "index.md").write_text(INDEX + ("".join(lines) or NONE), encoding="utf-8")


def navigation() -> list[str]:
    """The pages, in their order."""
    return [f"tutorials/{path.stem}.md" for path in sources()]


def render(path: Path) -> tuple[str, dict[str, bytes]]:
    """A notebook as Markdown, and its pictures by file name."""
    notebook = nbformat.read(path, as_version=4)
    text, resources = MarkdownExporter().from_notebook_node(
        notebook, {"unique_key": path.stem, "output_files_dir": "."}
    )
    pictures = {Path(name).name: content for name, content in resources["outputs"].items()}
    text = re.sub(r"!\[\w+\]\((?:\./)?([^)]+)\)", r"![What the code above draws](\1)", text)
    text = re.sub(r"(^|\n)<style scoped>.*?</style>\n", r"\1", text, flags=re.DOTALL)
    text = text.replace('<table border="1" class="dataframe">', "<table>")  # the theme's own form
    text = re.sub(r"\]\((?:\.\./notebooks/)?(\w+)\.ipynb", r"](\1.md", text)
    text = text.replace("](../docs/", "](../")
    for other in sources():  # where one names another, the name becomes a link
        text = text.replace(f" `{other.stem}`", f" [`{other.stem}`]({other.stem}.md)")
    heading, _, rest = text.partition("\n")
    return f"{heading}\n\n{RUN.format(name=path.stem)}{rest}", pictures
