"""The part of the replication's page on how trials are paired."""

from __future__ import annotations

import json

from benchmarks import pairing
from benchmarks.tables import markdown
from keras_attn.study.control import BASELINE
from keras_attn.study.wording import signed

PAIRING = """\
## How trials are paired

All topologies with the same seed see the same images in the same order, with the same augmentation,
and since the second version of the study they also start with equal weights in all layers that they
share: the initial weights of a layer depend on the seed and on its name alone. Before, Keras drew
them in the order in which layers are constructed, and a network with attention had only its first
layers in common with the network without.

What this changes was measured with `python -m benchmarks.pairing`: {backbone}, {epochs} epochs,
{seeds} seeds, AUC of csa minus AUC of none on the test images. A smaller standard deviation of the
paired differences means that fewer seeds show a difference of the same size; a higher correlation
means that a seed that is good for one network is good for the other.

{table}

With {seeds} seeds a standard deviation has a standard error of 11 %. On breastmnist the pairing
reduces it by a third. On digits the correlation rises, but the standard deviation hardly changes,
because csa by itself varies more from seed to seed than before. On pneumoniamnist nothing changes
beyond the error. Pairing the initial weights therefore helps on some sets, and costs nothing.
"""


def pairing_part() -> str:
    """The spread of paired differences under both rules for initial weights."""
    content = json.loads(pairing.FILE.read_text(encoding="utf-8"))
    rows = [["images", "initial weights", "difference", "standard deviation", "correlation"]]
    seeds = 0
    for name, rules in content["auc"].items():
        for rule, scores in rules.items():
            spread = pairing.spread(scores)
            seeds = len(scores[BASELINE])
            rows.append(
                [
                    name,
                    rule,
                    signed(spread.difference),
                    f"{spread.deviation:.4f}",
                    f"{spread.correlation:.2f}".replace("-", "−"),
                ]
            )
    return PAIRING.format(
        backbone=content["backbone"], epochs=content["epochs"], seeds=seeds, table=markdown(rows)
    )
