"""The finding in the README: its sentence, and its picture in light and dark colours."""

from __future__ import annotations

import re
from pathlib import Path

from docs.forest import drawn
from docs.site.home import CAPTION, differences, sentence
from keras_attn.study.inline_pictures import svg

README = Path(__file__).parents[1] / "README.md"
PICTURE = Path(__file__).parent / "images" / "finding.svg"

#: What the README has around the finding.
BEGIN, END = "<!-- finding: python -m docs.generate -->", "<!-- end of the finding -->"

#: A picture in a file follows the colours that the reader's system prefers, not those of a page.
COLOURS = """<style>
svg { --text: #1f2328; --faint: #59636e; --line: #d1d9e0; --band: #e7ebf0; --accent: #2563eb;
      --better: #2e8b57; --worse: #d9534f }
@media (prefers-color-scheme: dark) {
  svg { --text: #f0f6fc; --faint: #9198a1; --line: #3d444d; --band: #2a313c; --accent: #6ea8fe }
}
</style>"""


def picture() -> str:
    """The picture of the finding, as the text of an SVG file."""
    text = str(svg("readme", drawn(differences())))
    return re.sub(r"(<svg[^>]*>)", lambda found: f"{found[1]}\n{COLOURS}", text, count=1)


def page() -> str:
    """The README with the finding of today."""
    before, _, rest = README.read_text(encoding="utf-8").partition(BEGIN)
    after = rest.partition(END)[2]
    link = f"![{CAPTION}](docs/images/{PICTURE.name})"
    return f"{before}{BEGIN}\n{sentence(differences())}\n\n{link}\n{END}{after}"
