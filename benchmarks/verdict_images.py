"""How often intervals and verdicts are wrong where test images are a sample, too.

`python -m benchmarks.verdict_images`. Nothing is trained. Two networks differ on each test image by
an amount of its own, which every seed shares, and each training adds an effect of its own. The
metric is a mean over images, as accuracy is. Moments, corrections and verdicts are those that every
report uses.
"""

from __future__ import annotations

import argparse
import json
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
from scipy import stats

from keras_attn.study.inference import Moments, corrected_pairs
from keras_attn.study.verdicts import BETTER, EQUIVALENT, UNDECIDED, WORSE, verdict

RESULTS = Path(__file__).parent / "results" / "verdict_images.json"

SEEDS = (3, 5, 10, 20)
IMAGES = (100, 1000, 10000)
VARIANTS = 3

#: Standard deviation of the difference on one image: two networks disagree on 10 % of the images.
PER_IMAGE = 0.316

#: Standard deviation of a training's own effect on the metric.
PER_TRAINING = 0.003

MARGIN = 0.01

#: The true differences, in margins.
TRUTHS = {"no difference": 0.0, "at the margin": 1.0}


def simulate(
    truth: float, seeds: int, images: int, studies: int, random: np.random.Generator
) -> dict[str, float]:
    """Coverage of the 95 % intervals, and the shares of studies with a wrong verdict."""
    true = truth * MARGIN
    shape = (studies, VARIANTS)
    # The mean and the variance of normal values on the images, drawn without the values.
    on_images = random.normal(true, PER_IMAGE / images**0.5, shape)
    variance = PER_IMAGE**2 * random.chisquare(images - 1, shape) / (images - 1) / images
    differences = on_images[..., None] + random.normal(0, PER_TRAINING, (*shape, seeds))
    found = {}
    for name, image_variance in (("both", variance), ("seeds", np.zeros(shape))):
        moments = Moments.of(differences, image_variance)
        reach = moments.error * stats.t.ppf(0.975, moments.freedom)
        pairs = np.stack([moments.p_different(), moments.p_equivalent(MARGIN)], axis=-1)
        words = np.array(
            [
                [verdict(float(m), *p, seeds) for m, p in zip(means, each, strict=True)]
                for means, each in zip(moments.mean, corrected_pairs(pairs), strict=True)
            ]
        )
        wrong = np.isin(words, [WORSE] if true > 0 else [BETTER, WORSE])
        equivalent = (words == EQUIVALENT) & (true >= MARGIN)
        found |= {
            f"{name}_coverage": float((np.abs(moments.mean - true) <= reach).mean()),
            f"{name}_false_difference": float(wrong.any(axis=1).mean()),
            f"{name}_false_equivalent": float(equivalent.any(axis=1).mean()),
            f"{name}_any_false": float((wrong | equivalent).any(axis=1).mean()),
            f"{name}_decided": float((words != UNDECIDED).mean()),
        }
    return found


def run(studies: int, seed: int = 0) -> dict[str, Any]:
    """All settings."""
    random = np.random.default_rng(seed)
    rows = []
    for (name, truth), images, seeds in product(TRUTHS.items(), IMAGES, SEEDS):
        found = simulate(truth, seeds, images, studies, random)
        rounded = {key: round(value, 4) for key, value in found.items()}
        rows.append({"truth": name, "images": images, "seeds": seeds, **rounded})
    return {
        "made_by": f"python -m benchmarks.verdict_images --studies {studies}",
        "studies": studies,
        "rows": rows,
    }


def table(results: dict[str, Any]) -> str:
    """One row per setting, as Markdown."""
    heads = ["true difference", "test images", "seeds", "coverage", "false better or worse"]
    heads += ["false equivalent", "decided", "coverage, seeds alone", "false, seeds alone"]
    lines = [f"| {' | '.join(heads)} |", "|---" * len(heads) + "|"]
    for row in results["rows"]:
        shares = [row[f"both_{name}"] for name in ("coverage", "false_difference")]
        shares += [row["both_false_equivalent"], row["both_decided"], row["seeds_coverage"]]
        shares += [row["seeds_any_false"]]
        cells = [row["truth"], f"{row['images']:,}", str(row["seeds"])]
        cells += [f"{100 * share:.1f} %" for share in shares]
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def main() -> None:
    """Simulates, writes the results and prints the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--studies", type=int, default=4000, help="for each setting")
    results = run(parser.parse_args().studies)
    RESULTS.write_text(json.dumps(results, indent=1) + "\n")
    print(table(results))


if __name__ == "__main__":
    main()
