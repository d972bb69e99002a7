"""Blocks of HTML for a page: figures in the colours of its theme, and what a reader unfolds."""

from __future__ import annotations

from matplotlib.figure import Figure

from keras_attn.study.inline_pictures import svg

#: The colours of the report's page -> those of the site's theme, light or dark.
THEME = {
    "var(--text)": "currentColor",
    "var(--faint)": "var(--md-default-fg-color--light)",
    "var(--line)": "var(--md-default-fg-color--lightest)",
    "var(--accent)": "var(--md-typeset-a-color)",
    "var(--better)": "#2e8b57",
    "var(--worse)": "#d9534f",
    "var(--band)": "var(--md-default-fg-color--lightest)",
}


def themed_figure(name: str, figure: Figure, caption: str) -> str:
    """A figure as a block of HTML for a page.

    Args:
        name: A name for the picture that no other has.
        figure: Drawn in the colours of `PAGE_PALETTE`.
        caption: What it shows.
    """
    text = str(svg(name, figure))
    for colour, of_the_theme in THEME.items():
        text = text.replace(colour, of_the_theme)
    # Markdown ends a block of HTML at an empty line.
    text = " ".join(line.strip() for line in text.splitlines() if line.strip())
    return f"<figure>\n{text}\n<figcaption>{caption}</figcaption>\n</figure>"


def folded(title: str, text: str) -> str:
    """Text that a reader unfolds."""
    return f"<details markdown><summary>{title}</summary>\n\n{text}\n</details>\n"
