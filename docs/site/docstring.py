"""Parts of a layer's docstring, as Markdown."""

from __future__ import annotations

import inspect
import re
import textwrap

from keras_attn.catalogue import Entry

#: Where the text ends and the sections start.
SECTION = re.compile(r"^(?=[A-Z][A-Za-z ]*:(?: that of x\.)?$)", re.MULTILINE)
ARGUMENT = re.compile(r"^(\*{0,2}\w+): ", re.MULTILINE)


def text_of(entry: Entry) -> str:
    """What stands between the summary and the first section, without the formula's first line."""
    _, _, rest = (inspect.getdoc(entry.layer_class) or "").partition("\n")
    text = SECTION.split(rest)[0].strip("\n")
    lines = text.split("\n")
    if lines[0].strip() == entry.formula:
        lines = lines[1:]
    return "\n".join(lines).strip("\n")


def arguments_of(entry: Entry) -> list[tuple[str, str]]:
    """Name and meaning of every argument."""
    doc = inspect.getdoc(entry.layer_class) or ""
    section = re.search(r"^Args:\n((?:    .*\n|\n)+)", doc + "\n", re.MULTILINE)
    if section is None:
        return []
    _, *found = ARGUMENT.split(textwrap.dedent(section[1]))
    return [
        (name.replace("*", ""), " ".join(meaning.split()))
        for name, meaning in zip(found[::2], found[1::2], strict=True)
    ]
