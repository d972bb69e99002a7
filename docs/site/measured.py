"""What was measured of one layer: its speed, and what it changed in this project's studies."""

from __future__ import annotations

from collections import Counter
from functools import cache
from typing import Any

import pandas as pd

from benchmarks import latest, stored_studies, tables
from keras_attn.study.question import HEADLINE, Question
from keras_attn.study.wording import signed

SPEED = """\
Time over that of the published code, by `torch.compile`, on a CPU: geometric means over the shapes
of maps. PyTorch without `torch.compile` ("torch eager") is compared with the published code without
it.

{table}

More on the page [Speed](../speed.md).
"""

STUDIES = """\
The difference in AUC to the same network without attention; a difference within {margin:g} counts
as equivalent. The networks are small and the trainings short. Intervals are over trainings, and
over test images too where they were kept.

{table}

More on the page [Replication](../replication.md).
"""


def speed(key: str) -> str:
    """Ratios to the published code; empty if the layer was not measured."""
    cells = tables.of_layer(_speeds()["cells"], key)
    if not cells:
        return ""
    rows = [["backend", *tables.STEPS.values(), "measured on"]]
    for variant in tables.our_variants(_speeds()):
        dates = [c["results"][variant]["date"] for c in cells if variant in c["results"]]
        if dates:
            means = (tables.mean_ratio(cells, variant, step) for step in tables.STEPS)
            rows.append([variant, *map(tables.hundredths, means), max(dates)])
    return SPEED.format(table=tables.markdown(rows))


def studies(key: str) -> str:
    """The differences of the replication; empty for a layer that it does not have."""
    rows = [["images", "training images", "seeds", "difference", "95 % interval", "verdict"]]
    for (dataset, samples), summary in _summaries().items():
        if key in summary.index:
            row = summary.loc[key]
            rows.append(
                [
                    dataset,
                    f"{samples:,}",
                    str(row["n"]),
                    signed(row[f"{HEADLINE}_difference"]),
                    stored_studies.interval_text(row),
                    row["verdict"],
                ]
            )
    if len(rows) == 1:
        return ""
    return STUDIES.format(margin=Question().margin, table=tables.markdown(rows))


def training_times(key: str) -> dict[str, float]:
    """Forward + backward over the published code, compiled or, for "torch eager", as it stands."""
    cells = tables.of_layer(_speeds()["cells"], key)
    variants = tables.our_variants(_speeds())
    means = {each: tables.mean_ratio(cells, each, "training") for each in variants}
    return {each: mean for each, mean in means.items() if mean is not None}


def verdicts(key: str) -> str:
    """How many studies of the replication ended in each verdict; empty for a layer in none."""
    found = [s.loc[key, "verdict"] for s in _summaries().values() if key in s.index]
    counts = Counter(verdict.partition(" ")[0].rstrip(",:;") for verdict in found)
    return ", ".join(f"{verdict} in {count}" for verdict, count in counts.most_common())


@cache
def _speeds() -> dict[str, Any]:
    return latest.latest(latest.runs())


@cache
def _summaries() -> dict[tuple[str, int], pd.DataFrame]:
    """The summary of each complete study, by image set and number of training images."""
    found = {}
    for name in stored_studies.complete_studies():
        trials, covariance = stored_studies.results(name), stored_studies.image_covariance(name)
        place = trials["dataset"].iloc[0], int(trials["train_samples"].iloc[0])
        found[place] = stored_studies.summary(trials, covariance)
    return found
