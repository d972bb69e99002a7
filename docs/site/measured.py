"""What was measured of one layer: its speed, and what it changed in this project's studies."""

from __future__ import annotations

import json
from collections import Counter
from functools import cache
from typing import Any

import pandas as pd

from benchmarks import claims, tables
from benchmarks.matrix import RESULTS, newest
from keras_attn.study.question import HEADLINE, Question
from keras_attn.study.summary import summarise
from keras_attn.study.wording import signed

SPEED = """\
Time over that of the published code, by `torch.compile`, on a CPU: geometric means over the shapes
of maps. PyTorch without `torch.compile` ("torch eager") is compared with the published code without
it.

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
    rows = {}
    for content in _runs():
        cells = [cell for cell in content["cells"] if cell["key"] == key]
        for variant in tables.our_variants(content) if cells else ():
            means = [tables.mean_ratio(cells, variant, step) for step in tables.STEPS]
            rows[variant] = [variant, *map(tables.hundredths, means), content["date"]]
    head = ["backend", *tables.STEPS.values(), "measured on"]
    return SPEED.format(table=tables.markdown([head, *rows.values()])) if rows else ""


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


def training_times(key: str) -> dict[str, float]:
    """Forward + backward over the published code, compiled or, for "torch eager", as it stands."""
    found = {}
    for content in _runs():
        cells = [cell for cell in content["cells"] if cell["key"] == key]
        for variant in tables.our_variants(content) if cells else ():
            found[variant] = tables.mean_ratio(cells, variant, "training")
    return found


def verdicts(key: str) -> str:
    """How many studies of the replication ended in each verdict; empty for a layer in none."""
    found = [s.loc[key, "verdict"] for _, s in _summaries().values() if key in s.index]
    counts = Counter(verdict.partition(" ")[0].rstrip(",:;") for verdict in found)
    return ", ".join(f"{verdict} in {count}" for verdict, count in counts.most_common())


@cache
def _runs() -> list[dict[str, Any]]:
    """The newest results of all layers, and those of a part of them that was measured later."""
    whole = (newest(f"{name}-*.json") for name in ("layers", "eager"))
    paths = [*whole, *sorted(RESULTS.glob("modules-*.json"))]
    return [json.loads(path.read_text(encoding="utf-8")) for path in paths if path]


@cache
def _summaries() -> dict[str, tuple[int, pd.DataFrame]]:
    """The number of training images and the summary of each complete study."""
    found = {}
    for name in claims.complete_studies():
        results = claims.results(name)
        found[name] = int(results["train_samples"].iloc[0]), summarise(results)
    return found
