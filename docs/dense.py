"""The section on segmentation and detection of the page of the replication."""

from __future__ import annotations

from typing import Any

import numpy as np

from benchmarks.dense import STUDIES, stored
from benchmarks.tables import markdown
from keras_attn.study.control import BASELINE
from keras_attn.study.verdicts import BETTER, EQUIVALENT, LEAST_SEEDS, UNDECIDED, WORSE
from keras_attn.study.wording import number, signed
from keras_attn.tasks.metrics import METRICS

SECTION = """\
## Segmentation and detection

The paper tested classification alone. The authors of SCSA (arXiv:2407.05128) evaluate their module
on classification, on detection (COCO) and on segmentation (ADE20K), and report gains on all three.
These studies are far smaller: networks with random weights, small images and short trainings. They
cannot repeat those results; they say what attention changes in such a training. {sentence}

[How to run COCO and ADE20K](how-to/coco-and-ade20k.md) with the same commands.
"""

HEAD = ["variant", "{metric}", "95 % interval", "difference", "95 % interval", "verdict"]


def section() -> str:
    """The section."""
    parts = [_study(name, content) for name in STUDIES if (content := stored(name)) is not None]
    missing = [name for name in STUDIES if stored(name) is None]
    if missing:
        parts.append(
            "Not run yet: "
            + ", ".join(f"`python -m benchmarks.dense {name} --data-dir DIR`" for name in missing)
            + "."
        )
    return "\n\n".join([SECTION.format(sentence=_sentence()), *parts]) + "\n"


def _sentence() -> str:
    """How many variants have which verdict."""
    tested = [
        row["verdict"]
        for name in STUDIES
        if (content := stored(name)) is not None
        for _, row in content["rows"].iterrows()
        if row["verdict"]
    ]
    if not tested:
        return "None of them is finished."
    counts = [
        (tested.count(verdict), verdict) for verdict in (BETTER, EQUIVALENT, WORSE, UNDECIDED)
    ]
    words = ", ".join(f"{count or 'none'} {verdict}" for count, verdict in counts)
    return f"Of {len(tested)} variants, compared with no\nattention: {words}."


def _study(name: str, content: dict[str, Any]) -> str:
    study, rows = STUDIES[name], content["rows"]
    sides = "x".join(map(str, content["image_shape"][:-1]))
    samples = content["samples"]
    title = METRICS[content["headline"]].title
    table = [
        [each.format(metric=title) for each in HEAD],
        *(
            [
                f"`{variant}`",
                number(row["score"]),
                _interval(row["score_low"], row["score_high"], number),
                "" if variant == BASELINE else signed(row["score_difference"]),
                _interval(row["combined_low"], row["combined_high"], signed),
                row["verdict"],
            ]
            for variant, row in rows.iterrows()
        ),
    ]
    seeds = int(rows["n"].max())
    short = (
        f" With fewer than {LEAST_SEEDS} seeds it is too short to conclude anything from."
        if seeds < LEAST_SEEDS
        else ""
    )
    return (
        f"**{name}**: {study.images} at {sides}; {samples['train']:,} training, {samples['val']:,} "
        f"validation and {samples['test']:,} test images; {content['network']} with random "
        f"weights, {seeds} seeds, {study.training['epochs']} epochs; "
        f"{content['versions']['backend']}. Intervals of scores are over trainings, those of "
        f"differences over trainings and test images; the margin is {content['margin']:g}.{short} "
        f"`python -m benchmarks.dense {name} --data-dir DIR` runs it.\n\n{markdown(table)}"
    )


def _interval(low: Any, high: Any, words: Any) -> str:
    known = low is not None and high is not None and np.isfinite([low, high]).all()
    return f"{words(low)} to {words(high)}" if known else ""
