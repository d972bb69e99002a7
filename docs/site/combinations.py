"""The page that combines a topology, a channel gate and a spatial gate, and its data."""

from __future__ import annotations

import json
from typing import Any

from docs.diagrams.svg import draw
from docs.generate import source_link
from keras_attn import catalogue, describe_gate, list_gates

#: Numbers of channels for which the page shows parameters.
CHANNELS = (32, 64, 128, 256, 512)

PAGE = """\
# Combine gates

Every topology is a formula over a channel gate c and a spatial gate s. The study used one gate of
each kind; any other gate fits in their places. Choose three parts:

<form id="combination" class="picker" autocomplete="off">
  <p class="row"><label for="combination-topology">Topology</label>
  <select id="combination-topology" name="topology">{topologies}</select></p>
  <p class="row"><label for="combination-channel">Channel gate</label>
  <select id="combination-channel" name="channel">{channel}</select></p>
  <p class="row"><label for="combination-spatial">Spatial gate</label>
  <select id="combination-spatial" name="spatial">{spatial}</select></p>
</form>

<section id="combination-answer" class="picker-answer" aria-live="polite" aria-label="Combination">
<noscript>This form needs JavaScript. The tables below list the same gates.</noscript>
</section>

<script src="../../assets/combinations.js"></script>
<script src="../../assets/combine.js"></script>

## Channel gates

{channel_table}

## Spatial gates

{spatial_table}

Where a formula has a gate twice, the rule of the paper holds: `bicsa` uses one gate for both
orders, `csca` and `scsa_topology` have separate ones. `mscsa` and `cmssa` give each scale a gate of
its own.

## In code

```python
import keras_attn

layer = keras_attn.create("bicsafa", channel="eca", spatial="coordinate")
print(keras_attn.describe("bicsafa", channel="eca(kernel_size=5)").formula)
```

The arguments `reduction` and `kernel_size` of a topology are those of the study's own gates, `ca`
and `sa`, and of mixing and fusion gates. Every other gate has its own arguments, in parentheses.
`layer.gates(x)` names the maps `channel` and `spatial`, whichever gates they are.

In a comparison, a variant names its gates in the same way:

```sh
keras-attn compare digits \\
  --variants "csa,csa(channel=eca),csa(channel=eca,spatial=coordinate)"
```

A gate of your own is a subclass of `keras_attn.gates.Gate` with a method `from_map(self, x)`, which
returns numbers that broadcast against the map. Pass the class, or an instance, as `channel=` or
`spatial=`.

## Modules as combinations

| module | combination |
|---|---|
| `ga`, `se`, `eca`, `fca`, `nam` | `ca(channel=...)` with the gate of that name |
| `coordinate`, `ela`, `simam` | `sa(spatial=...)` with the gate of that name |
| `gam` | `csa(channel=gam, spatial=gam)` |
| `gam(spatial=False)`, `gam(channel=False)` | `ca(channel=gam)`, `sa(spatial=gam)` |
| `cbam(use_bias=False)` | `csa(spatial=cbam)`, from 8 units in the bottleneck upward |
| `scse(fusion=sum)` | twice `csa2(channel=se(reduction=2), spatial=scse)` |

BAM is not one of them: it applies one sigmoid to the product of its two parts. Its gates in the
tables have a sigmoid each.
"""


def page() -> str:
    """The page, in Markdown and HTML."""
    return PAGE.format(
        topologies=_options({key: catalogue.describe(key).title for key in _topologies()}, "csa"),
        channel=_options(_titles("channel"), "ca"),
        spatial=_options(_titles("spatial"), "sa"),
        channel_table=_table("channel"),
        spatial_table=_table("spatial"),
    )


def script() -> str:
    """A script that defines COMBINATIONS."""
    return f"const COMBINATIONS = {json.dumps(_data(), ensure_ascii=False)};\n"


def _topologies() -> list[str]:
    """The keys of the topologies that have both gates."""
    return catalogue.list_topologies()[2:]


def _titles(kind: str) -> dict[str, str]:
    return {key: describe_gate(key, kind).title for key in list_gates(kind)}


def _options(titles: dict[str, str], selected: str) -> str:
    return "".join(
        f'<option value="{key}"{" selected" * (key == selected)}>{key} ({title})</option>'.replace(
            "&", "&amp;"
        )
        for key, title in titles.items()
    )


def _table(kind: str) -> str:
    rows = [
        "| key | formula | one number | parameters, C = 64 | source |",
        "|---|---|---|---:|---|",
    ]
    for key in list_gates(kind):
        gate = describe_gate(key, kind)
        rows.append(
            f"| `{key}` | {gate.formula.replace('|', chr(92) + '|')} | {gate.returns} | "
            f"{gate.parameters(64):,} | {source_link(gate.source)} |"
        )
    return "\n".join(rows)


def _data() -> dict[str, Any]:
    entries = {key: catalogue.describe(key) for key in _topologies()}
    return {
        "channels": CHANNELS,
        "topologies": {
            key: {"title": entry.title, "picture": draw(key, entry.formula)}
            for key, entry in entries.items()
        },
        "combinations": {
            f"{key} {channel} {spatial}": _combination(key, channel, spatial)
            for key in entries
            for channel in list_gates("channel")
            for spatial in list_gates("spatial")
        },
    }


def _combination(key: str, channel: str, spatial: str) -> dict[str, Any]:
    gates = {"channel": channel, "spatial": spatial}
    default = catalogue.describe(key).default_config
    entry = catalogue.describe(key, **{k: v for k, v in gates.items() if v != default[k]})
    return {
        "formula": entry.formula,
        "images": entry.spatial_ranks == (2,),
        "parameters": [entry.parameters_or_none(each) for each in CHANNELS],
    }
