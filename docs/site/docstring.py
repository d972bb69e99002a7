"""Parts of a layer's docstring, as Markdown."""

from __future__ import annotations

import inspect
import re
import textwrap
from typing import NamedTuple

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


class Argument(NamedTuple):
    """An argument of a layer.

    Attributes:
        name: Its name.
        type: Its annotation; empty for those that are passed on.
        default: Its default as code; empty if there is none.
        meaning: What the docstring says of it.
    """

    name: str
    type: str
    default: str
    meaning: str


def arguments_of(entry: Entry) -> list[Argument]:
    """Every argument that the docstring describes."""
    doc = inspect.getdoc(entry.layer_class) or ""
    section = re.search(r"^Args:\n((?:    .*\n|\n)+)", doc + "\n", re.MULTILINE)
    if section is None:
        return []
    _, *found = ARGUMENT.split(textwrap.dedent(section[1]))
    parameters = inspect.signature(entry.layer_class.__init__).parameters
    return [
        _argument(parameters[name.strip("*")], " ".join(meaning.split()))
        for name, meaning in zip(found[::2], found[1::2], strict=True)
    ]


def _argument(parameter: inspect.Parameter, meaning: str) -> Argument:
    if parameter.kind is parameter.VAR_KEYWORD:
        return Argument(f"**{parameter.name}", "", "", meaning)
    default = "" if parameter.default is parameter.empty else repr(parameter.default)
    return Argument(parameter.name, str(parameter.annotation), default, meaning)
