"""How much paired differences vary between seeds, in the stored trials of the replication.

`python -m benchmarks.spreads` writes what `keras-attn plan` uses where no pilot is run.
"""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np

from benchmarks.stored_studies import complete_studies, results
from keras_attn.study.control import BASELINE
from keras_attn.study.planning import SPREADS

METRICS = ("auc", "accuracy", "balanced_accuracy")


def spreads() -> list[dict[str, object]]:
    """One entry per study: the root mean square over the topologies of their deviations."""
    found = []
    for name in complete_studies():
        table = results(name)
        deviations = {}
        for metric in METRICS:
            scores = table.pivot(index="seed", columns="topology", values=metric)
            others = scores.drop(columns=BASELINE).sub(scores[BASELINE], axis=0)
            deviations[metric] = round(float(np.sqrt(others.var(ddof=1).mean())), 5)
        found.append({"study": name, "samples": int(table["train_samples"].iloc[0]), **deviations})
    return sorted(found, key=lambda each: (each["samples"], each["study"]))


def main() -> None:
    """Writes the file."""
    made_by = "python -m benchmarks.spreads, from benchmarks/results/replication"
    text = json.dumps({"made_by": made_by, "studies": spreads()}, indent=1)
    Path(SPREADS).write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
