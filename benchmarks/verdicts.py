"""How often verdicts are wrong, by simulation with known truth: `python -m benchmarks.verdicts`.

Nothing is trained. Scores are drawn: each seed has an effect that all networks share, and each
training has an effect of its own. The verdicts come from the code that every report uses.
"""

from __future__ import annotations

import argparse
import json
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from keras_attn.study.inference import Moments, corrected_pairs
from keras_attn.study.question import Question
from keras_attn.study.verdicts import BETTER, EQUIVALENT, UNDECIDED, WORSE, verdict

RESULTS = Path(__file__).parent / "results" / "verdicts.json"

SEEDS = (3, 4, 5, 7, 10, 20)
VARIANTS = (1, 3, 10)

#: Standard deviations of a training's own effect, in margins.
SPREADS = (0.1, 0.3, 1.0, 10.0)

#: By name, the true differences of the variants in margins, repeated as often as needed. In the
#: last two, some statements are wrong and others right, and the spread differs by variant.
TRUTHS: dict[str, tuple[float, ...]] = {
    "no difference": (0.0,),
    "at the margin": (1.0, -1.0),
    "none and at the margin": (0.0, 1.0),
    "half the margin": (0.5,),
    "twice the margin": (2.0, 2.0, -2.0),
}

#: Where noise is not normal, these numbers of seeds are looked at.
FEW_SEEDS = (5, 10)

#: The distributions of a training's own effect, with mean 0 and standard deviation 1.
NOISES = {
    "normal": lambda random, shape: random.normal(size=shape),
    "heavy tails (t, 5 degrees of freedom)": lambda random, shape: (
        random.standard_t(5, shape) / np.sqrt(5 / 3)
    ),
    "skewed (exponential)": lambda random, shape: 1 - random.exponential(size=shape),
}


def simulate(
    truth: tuple[float, ...],
    seeds: int,
    variants: int,
    spread: float,
    noise: str,
    studies: int,
    random: np.random.Generator,
) -> dict[str, float]:
    """The shares of studies with a wrong statement, and of variants with each verdict."""
    question = Question(margin=1.0)
    true = np.resize(truth, variants)
    # Where truths differ, so do spreads: a decided variant must not loosen the test of others.
    spreads = spread * np.resize((1.0, 0.1) if len(set(np.abs(true))) > 1 else (1.0,), variants)
    own = NOISES[noise](random, (studies, variants + 1, seeds))
    differences = true[:, None] + spreads[:, None] * (own[:, 1:] - own[:, :1])
    moments = Moments.of(differences)
    pairs = np.stack([moments.p_different(), moments.p_equivalent(question.margin)], axis=-1)
    words = np.array(
        [
            [
                verdict(float(mean), p_different, p_equivalent, seeds)
                for mean, (p_different, p_equivalent) in zip(means, p, strict=True)
            ]
            for means, p in zip(moments.mean, corrected_pairs(pairs), strict=True)
        ]
    )
    differ = ((words == BETTER) & (true <= 0)) | ((words == WORSE) & (true >= 0))
    equivalent = (words == EQUIVALENT) & (np.abs(true) >= 1)
    return {
        "false_better_or_worse": float(differ.any(axis=1).mean()),
        "false_equivalent": float(equivalent.any(axis=1).mean()),
        "any_false": float((differ | equivalent).any(axis=1).mean()),
        **{word: float((words == word).mean()) for word in (BETTER, WORSE, EQUIVALENT, UNDECIDED)},
    }


def run(studies: int, seed: int = 0) -> dict[str, Any]:
    """All settings; the standard error of a share of 0.05 is 0.0015 with 20,000 studies."""
    random = np.random.default_rng(seed)
    rows = []
    for noise, (name, truth) in product(NOISES, TRUTHS.items()):
        looked_at = SEEDS if noise == "normal" else FEW_SEEDS
        for variants, seeds, spread in product(VARIANTS, looked_at, SPREADS):
            found = simulate(truth, seeds, variants, spread, noise, studies, random)
            rows.append(
                {
                    "noise": noise,
                    "truth": name,
                    "variants": variants,
                    "seeds": seeds,
                    "spread": spread,
                    **{key: round(value, 4) for key, value in found.items()},
                }
            )
    return {
        "made_by": f"python -m benchmarks.verdicts --studies {studies}",
        "studies": studies,
        "rows": rows,
    }


def table(results: dict[str, Any]) -> str:
    """The largest shares over all spreads, as Markdown: one row per noise, truth and seeds."""
    heads = ["noise", "true difference", "seeds", "better or worse", "equivalent"]
    heads += [f"any, {count} variant{'s' * (count > 1)}" for count in VARIANTS]
    lines = [f"| {' | '.join(heads)} |", "|---" * len(heads) + "|"]
    columns = [("false_better_or_worse", 3), ("false_equivalent", 3)]
    columns += [("any_false", count) for count in VARIANTS]
    frame = pd.DataFrame(results["rows"], columns=results.get("columns")).set_index("variants")
    for key, rows in frame.groupby(["noise", "truth", "seeds"], sort=False):
        cells = [f"{100 * rows.loc[count, share].max():.1f} %" for share, count in columns]
        lines.append(f"| {' | '.join([*map(str, key), *cells])} |")
    return "\n".join(lines)


def main() -> None:
    """Simulates, writes the results and prints the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--studies", type=int, default=20000, help="for each setting")
    results = run(parser.parse_args().studies)
    columns = list(results["rows"][0])
    rows = ",\n".join(json.dumps(list(row.values())) for row in results["rows"])
    head = json.dumps({"columns": columns, **results, "rows": []})
    RESULTS.write_text(f"{head[:-2]}\n{rows}\n]}}\n")
    print(table(results))


if __name__ == "__main__":
    main()
