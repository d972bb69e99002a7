"""The tutorials: notebooks as they were run, rendered to Markdown."""

from __future__ import annotations

import io
import re
from html import escape
from pathlib import Path

import nbformat
from nbconvert import MarkdownExporter
from PIL import Image

FOLDER = Path(__file__).parents[2] / "notebooks"

INDEX = """\
---
hide: [toc]
---

# Tutorials

Notebooks that you can follow and change. They are in the folder `notebooks` of the repository; in a
clone, run `pip install ".[tensorflow,datasets,notebooks]"` and `jupyter lab`. The pages here show
the outputs of the last run.

"""

#: The goals of the notebooks, by the first digits of their names.
GOALS = {
    "0": ("Learn the package", "Insert, compare, look at and write attention."),
    "12": (
        "A question about each image set",
        "CIFAR and twelve sets of MedMNIST, and one question that is worth asking of each.",
    ),
    "3": ("Other tasks", "Segmentation, detection and volumes."),
}

NO_OUTPUTS = "Without outputs: its images were not available when this site was built."

#: Width of a thumbnail, in pixels: twice what a card shows.
THUMBNAIL = 480

RUN = "*This page is the notebook `notebooks/{name}.ipynb`, as it was last run.*\n"


def sources() -> list[Path]:
    """The notebooks, in the order of their names."""
    return sorted(FOLDER.glob("*.ipynb"))


def write(folder: Path) -> None:
    """Writes the index, one page per notebook, and the pictures in them."""
    folder.mkdir(parents=True)
    cards: dict[str, list[str]] = {digits: [] for digits in GOALS}
    for path in sources():
        text, pictures = render(path)
        (folder / f"{path.stem}.md").write_text(text, encoding="utf-8")
        for name, content in pictures.items():
            (folder / name).write_bytes(content)
        title = re.search(r"^# (.+)$", text, re.MULTILINE)
        digits = next(each for each in GOALS if path.stem[0] in each)
        thumbnail = next(iter(pictures.values()), None)
        if thumbnail is not None:
            (folder / f"{path.stem}-small.png").write_bytes(smaller(thumbnail))
        shown = title[1] if title else path.stem
        cards[digits].append(card(path.stem, shown, thumbnail is not None, has_outputs(path)))
    parts = [
        f'## {title}\n\n{what}\n\n<div class="tutorials">{"".join(cards[digits])}</div>\n\n'
        for digits, (title, what) in GOALS.items()
        if cards[digits]
    ]
    (folder / "index.md").write_text(INDEX + "".join(parts), encoding="utf-8")


def card(stem: str, title: str, has_thumbnail: bool, is_run: bool) -> str:
    """A link to a tutorial with its first picture, or with the reason why there is none."""
    question, _, rest = title.partition(": ")
    picture = f'<img src="{stem}-small.png" alt="" loading="lazy">' if has_thumbnail else ""
    note = "" if is_run else f"<small>{NO_OUTPUTS}</small>"
    return (
        f'<a class="card" href="{stem}/">{picture}<strong>{escape(question)}</strong>'
        f"<span>{escape(rest[:1].upper() + rest[1:])}</span>{note}</a>"
    )


def has_outputs(path: Path) -> bool:
    """Whether a notebook was run."""
    cells = nbformat.read(path, as_version=4).cells
    return any(cell.get("outputs") for cell in cells)


def smaller(picture: bytes) -> bytes:
    """A picture at the width of a thumbnail."""
    image = Image.open(io.BytesIO(picture))
    image.thumbnail((THUMBNAIL, THUMBNAIL))
    written = io.BytesIO()
    image.convert("RGB").quantize(64).save(written, "PNG", optimize=True)
    return written.getvalue()


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
