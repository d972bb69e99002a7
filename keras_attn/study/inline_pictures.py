"""Pictures inside a page: SVG text whose colours follow the theme of the page."""

from __future__ import annotations

import io
import re
import zlib
from collections.abc import Callable
from typing import Any

from markupsafe import Markup
from matplotlib import rc_context
from matplotlib.figure import Figure

from keras_attn.study.plots import Palette

#: Placeholders for the colours of the page, so that the pictures follow its light or dark theme.
PAGE_COLOURS = {
    "#010203": "var(--text)",
    "#040506": "var(--faint)",
    "#070809": "var(--line)",
    "#0a0b0c": "var(--accent)",
    "#0d0e0f": "var(--better)",
    "#101112": "var(--worse)",
    "#131415": "var(--band)",
}
PAGE_PALETTE = Palette(*PAGE_COLOURS)


def single(
    name: str, size: tuple[float, float], draw: Callable[..., None], *arguments: Any
) -> Markup:
    """An inline picture of one panel in the colours of the page.

    Args:
        name: Makes its internal references differ from those of the other pictures.
        size: Width and height in inches.
        draw: Draws on given axes, from the arguments and a palette.
        *arguments: The arguments of `draw` between the axes and the palette.
    """
    figure = Figure(figsize=size, layout="constrained")
    draw(figure.subplots(), *arguments, PAGE_PALETTE)
    return svg(name, figure)


def svg(name: str, figure: Figure) -> Markup:
    """A figure as an inline picture."""
    buffer = io.StringIO()
    with rc_context({"svg.fonttype": "none"}):
        nothing = dict.fromkeys(("Creator", "Date", "Format", "Type"))
        figure.savefig(buffer, format="svg", transparent=True, metadata=nothing)
    text = buffer.getvalue()
    text = text[text.index("<svg") :]
    text = re.sub(r"<g id=\"[^\"]*\"", "<g", text)  # equal in every picture, and unused
    for colour, variable in PAGE_COLOURS.items():
        text = text.replace(colour, variable)
    return Markup(_with_numbered_references(text, name))


def _with_numbered_references(text: str, name: str) -> str:
    """The picture, whose internal references are numbered.

    Those of Matplotlib depend on the last digits of coordinates, which differ between processors.
    """
    found = dict.fromkeys(re.findall(r"\bid=\"([^\"]+)\"", text))
    prefix = f"p{zlib.crc32(name.encode()):08x}"
    numbered = {each: f"{prefix}-{number}" for number, each in enumerate(found)}
    return re.sub(
        r"(\bid=\"|#)([\w-]+)(?=[\")])",
        lambda match: match[1] + numbered.get(match[2], match[2]),
        text,
    )
