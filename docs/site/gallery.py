"""The gallery: a page for every layer of the catalogue, and an index of pictures."""

from __future__ import annotations

from html import escape

from benchmarks.tables import hundredths, markdown
from docs.diagrams.svg import draw
from docs.generate import source_link
from docs.site import measured
from docs.site.advice import advice
from docs.site.code import create_call, insert_call
from docs.site.docstring import arguments_of, text_of
from docs.site.gate_maps import gate_maps
from docs.site.symbols import legend
from keras_attn import catalogue
from keras_attn.catalogue import Entry
from keras_attn.surgery.points import PLACES

#: Family -> what its members have in common; in the order of the gallery.
FAMILIES = {
    "basic": ("Basic", "One gate alone."),
    "sequential": ("Sequential", "A gate reads the map that the gate before it has weighed."),
    "parallel": ("Parallel", "Both gates read the same map; a fixed or learned rule joins them."),
    "residual": ("Residual", "What the gates leave is added to, or mixed with, the map itself."),
    "multiscale": (
        "Multi-scale",
        "Several gates of one kind, with kernels or bottlenecks of their own.",
    ),
    "published": (
        "Published modules",
        "The modules people ask for by name, as their authors' code computes them.",
    ),
}

INDEX = """\
---
hide: [toc]
---

# Layers

{count} layers: the 18 topologies of [arXiv:2601.07310](https://arxiv.org/abs/2601.07310), in five
families, and the modules people ask for by name. Every picture is drawn from the layer's formula:
thick lines are the feature map, thin ones the numbers that it is multiplied by. Which one to start
with, [the guideline](../guideline.md) says; what they cost beside each other,
[Speed](../speed.md) and [Cost](../cost.md). A topology takes other gates than the study's:
[combine gates](combinations.md).

"""

TABLE = """\
## All of them in one table

Parameters are those for 64 channels. Times are those of forward + backward over the published
code's, on a CPU ([Speed](../speed.md)). Verdicts are those of this project's studies of the
topologies ([Replication](../replication.md)), compared with no attention.

<div class="one-line" markdown>

{table}

</div>

"""

MADE = (
    "\n*Picture, formula and figures on this page are made from the catalogue by "
    "`python -m docs.build`.*\n"
)


def entries(family: str) -> list[Entry]:
    """The layers of a family, in the order of the catalogue."""
    found = map(catalogue.describe, catalogue.list_layers())
    return [entry for entry in found if entry.family == family]


def pages() -> dict[str, str]:
    """File name -> page."""
    keys = catalogue.list_layers()
    return {"index.md": index(), **{f"{key}.md": page(catalogue.describe(key)) for key in keys}}


def navigation() -> list[dict[str, list[str]]]:
    """The pages of the layers, family by family."""
    return [
        {title: [f"layers/{entry.key}.md" for entry in entries(family)]}
        for family, (title, _) in FAMILIES.items()
    ]


def index() -> str:
    """All layers, as cards in their families."""
    parts = [INDEX.format(count=len(catalogue.list_layers()))]
    for family, (title, what) in FAMILIES.items():
        cards = "".join(map(card, entries(family)))
        parts.append(f'## {title}\n\n{what}\n\n<div class="gallery">{cards}</div>\n\n')
    return "".join(parts) + TABLE.format(table=table()) + MADE


def table() -> str:
    """All layers beside each other."""
    backends = {"tensorflow": "TensorFlow", "jax": "JAX", "torch eager": "PyTorch, eager"}
    rows = [["layer", "family", "parameters", *backends.values(), "verdicts"]]
    for key in catalogue.list_layers():
        entry = catalogue.describe(key)
        count, times = entry.parameters_or_none(64), measured.training_times(key)
        rows.append(
            [
                f"[`{key}`]({key}.md)",
                FAMILIES[entry.family][0],
                "" if count is None else f"{count:,}",
                *(hundredths(times[each]) if each in times else "" for each in backends),
                measured.verdicts(key),
            ]
        )
    head, _, *lines = markdown(rows).split("\n")
    return "\n".join([head, "|---|---|---:|---:|---:|---:|---|", *lines])


def card(entry: Entry) -> str:
    """A link with picture, name and price."""
    count = entry.parameters_or_none(64)
    price = "" if count is None else f"{count:,} parameters for 64 channels"
    picture = draw(entry.key, entry.formula)
    return (
        f'<a class="card" href="{entry.key}/"><span class="picture" data-search-exclude>{picture}'
        f"</span><strong>{escape(entry.title)}</strong><code>{entry.key}</code>"
        f"<small>{price}</small></a>"
    )


def page(entry: Entry) -> str:
    """The page of one layer."""
    label = f"Diagram of {entry.title}: {entry.formula}"
    parts = [
        f"# {entry.title} (`{entry.key}`)\n",
        entry.summary + "\n",
        f'<figure class="diagram" data-search-exclude>{draw(entry.key, entry.formula, label)}'
        "</figure>\n",
        f"## When to use it\n\n{advice(entry.key)}",
        "## What it computes\n",
        f"    {entry.formula}\n",
        text_of(entry) + "\n",
        legend(entry) + "\n",
        code(entry),
        arguments(entry),
        _section("What it attends to", gate_maps(entry.key)),
        cost(entry),
        _section("Speed", measured.speed(entry.key)),
        _section("In this project's studies", measured.studies(entry.key)),
        place(entry),
        limits(entry),
        fidelity(entry),
        f"## Source\n\n{source_link(entry.source)}\n",
        MADE,
    ]
    return "\n".join(part for part in parts if part)


def _section(title: str, text: str) -> str:
    """A section, or nothing if there is no text for it."""
    return f"## {title}\n\n{text}" if text else ""


def code(entry: Entry) -> str:
    """What to copy."""
    text = f"import keras_attn\n\nlayer = {create_call(entry)}\n"
    if "single_output" in entry.limits:
        return f"## Code\n\n```python\n{text}```\n\nInto a classifier, with its loss:\n\n" + (
            '```python\nmodel = keras_attn.attention_branch_network(model, at="LAYER")\n```\n'
        )
    return (
        f"## Code\n\nA layer like any other of Keras:\n\n```python\n{text}```\n\n"
        "Into a model that you have, its weights kept "
        "([how](../how-to/pretrained-models.md)):\n\n"
        f"```python\nmodel = {insert_call(entry)}\n```\n"
    )


def arguments(entry: Entry) -> str:
    """The arguments of the class, with their types and defaults."""
    rows = [["argument", "type", "default", "meaning"]]
    rows += [
        [f"`{each.name}`", _code(each.type), _code(each.default), each.meaning]
        for each in arguments_of(entry)
    ]
    table = markdown(rows).replace("---:", "---")
    table = f'<div class="arguments" markdown>\n\n{table}\n\n</div>\n'
    return f"## Arguments\n\n`keras_attn.layers.{entry.layer_class.__name__}`\n\n{table}"


def _code(text: str) -> str:
    """Code in a cell of a table, where a bar would end the cell; nothing for no text."""
    return f"`{text}`".replace("|", "\\|") if text else ""


def cost(entry: Entry) -> str:
    """What it costs in parameters."""
    rows = ["| channels | trainable parameters, on images |", "|---:|---:|"]
    for channels in catalogue.EXAMPLES:
        count = entry.parameters_or_none(channels)
        shown = "does not take so many" if count is None else f"{count:,}"
        rows.append(f"| {channels} | {shown} |")
    table = "\n".join(rows)
    return (
        f"## Cost\n\n{table}\n\nOf a whole model: `keras_attn.cost(model)`. The time it takes on "
        f"your machine:\n\n```sh\nkeras-attn bench {entry.key} --shape 32,56,56,64\n```\n"
    )


def place(entry: Entry) -> str:
    """Where it goes in a network."""
    if "single_output" in entry.limits:
        text = "Once, before the network's last stage, of which the branch runs a copy."
    elif entry.placement is None:
        text = (
            "Where its authors put it is not known here. `insert_attention` puts it at the "
            f"{PLACES['blocks']}, unless told otherwise."
        )
    else:
        text = (
            f"Its authors put it at this place: {PLACES[entry.placement]} "
            f'(`where="published"`, which is `"{entry.placement}"`).'
        )
    return f"## Where to put it\n\n{text}\n"


def limits(entry: Entry) -> str:
    """What it cannot do."""
    lines = [
        f"* It does not {catalogue.LIMITS[limit]}: {reason}."
        for limit, reason in entry.limits.items()
    ]
    if entry.spatial_ranks == (1, 2, 3):
        lines.append("* It takes signals, images and volumes: one to three spatial axes.")
    return "## Input and limits\n\n" + "\n".join(lines) + "\n"


def fidelity(entry: Entry) -> str:
    """How far it is what was published."""
    text = entry.fidelity or (
        "The paper's published code is the authority. Outputs, input gradients and parameter "
        "counts equal those of that code."
    )
    return f"## Fidelity\n\n{text}\n\n[What holds for all layers, and how it was checked]" + (
        "(../fidelity.md).\n"
    )
