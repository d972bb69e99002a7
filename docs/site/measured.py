"""What was measured of one layer: its speed, and what it changed in this project's studies."""

from __future__ import annotations

import json
from functools import cache
from typing import Any

import pandas as pd

from benchmarks import claims, tables
from benchmarks.matrix import newest
from keras_attn.study.question import HEADLINE, Question
from keras_attn.study.summary import summarise
from keras_attn.study.wording import signed

SPEED = """\
Time over that of the published code, by `torch.compile`, on a CPU: geometric means over {shapes}.
PyTorch without `torch.compile` ("torch eager") is compared with the published code without it.

{table}

More on the page [Speed](../speed.md).
"""

STUDIES = """\
The difference in AUC to the same network without attention, five trainings each; a difference
within {margin:g} counts as equivalent. The networks are small and the trainings short.

{table}

More on the page [Replication](../replication.md).
"""


def speed(key: str) -> str:
    """Ratios to the published code; empty if the layer was not measured."""
    content = _layers()
    cells = [cell for cell in content.get("cells", []) if cell["key"] == key]
    if not cells:
        return ""
    rows = [["backend", *tables.STEPS.values()]]
    compiled, eager = tables.BASELINES
    for variant in tables.our_variants(content):
        baseline = eager if variant.endswith("eager") else compiled
        means = [
            tables.geometric_mean(tables.against(cell, variant, baseline, step) for cell in cells)
            for step in tables.STEPS
        ]
        rows.append([variant, *map(tables.hundredths, means)])
    shapes = f"{len(cells)} shapes of maps" if len(cells) > 1 else "one shape of maps"
    return SPEED.format(shapes=shapes, table=tables.markdown(rows))


def studies(key: str) -> str:
    """The differences of the replication; empty for a layer that it does not have."""
    rows = [["images", "training images", "difference", "95 % interval", "verdict"]]
    name = f"{HEADLINE}_difference"
    for study, (samples, summary) in _summaries().items():
        if key in summary.index:
            row = summary.loc[key]
            interval = f"{signed(row[f'{name}_low'])} to {signed(row[f'{name}_high'])}"
            dataset = study.partition("-")[0]
            rows.append([dataset, f"{samples:,}", signed(row[name]), interval, row["verdict"]])
    if len(rows) == 1:
        return ""
    return STUDIES.format(margin=Question().margin, table=tables.markdown(rows))


@cache
def _layers() -> dict[str, Any]:
    path = newest("layers-*.json")
    return {} if path is None else json.loads(path.read_text(encoding="utf-8"))


@cache
def _summaries() -> dict[str, tuple[int, pd.DataFrame]]:
    """The number of training images and the summary of each complete study."""
    found = {}
    for name in claims.complete_studies():
        results = claims.results(name)
        found[name] = int(results["train_samples"].iloc[0]), summarise(results)
    return found
