"""Which choice matters: the topology, the channel gate or the spatial gate?

    python -m benchmarks.gates --data-dir DIR       # run or resume the study
    python -m benchmarks.gates --effects            # show the effects of the stored results

A fractional factorial study on three image sets: 6 topologies, 4 channel gates and 4 spatial gates
in 24 of their 96 combinations. Each topology meets each channel gate and each spatial gate once, so
that the main effects can be told apart. The trials are stored in runs/gates; the scores, which are
what the repository keeps, in benchmarks/results/gates.json.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from scipy import stats

import keras_attn
from benchmarks.matrix import RESULTS
from keras_attn.study import compare
from keras_attn.study.effects import factors_of, main_effects
from keras_attn.study.grammar import as_variants
from keras_attn.study.variants import Variant

FILE = RESULTS / "gates.json"
FOLDER = Path("runs/gates")

TOPOLOGIES = ("csa", "sca", "csafa", "bicsa", "rcsa", "tgpfa")
CHANNEL = ("ca", "se", "eca", "bam")
SPATIAL = ("sa", "scse", "coordinate", "cbam")

DATASETS = ("breastmnist", "retinamnist", "pneumoniamnist")
SETTINGS: dict[str, Any] = {"samples": 500, "model": "resnet8", "epochs": 8, "batch_size": 32}
SEEDS = 2

COLUMNS = ["dataset", "train_samples", "variant", "seed", "auc"]


def design() -> list[str]:
    """The texts of the variants: each topology with every channel gate and every spatial gate."""
    return [
        f"{topology}(channel={channel}, spatial={SPATIAL[(number + shift) % len(SPATIAL)]})"
        for shift, topology in enumerate(TOPOLOGIES)
        for number, channel in enumerate(CHANNEL)
    ]


def variants() -> dict[str, Variant]:
    """The variants by their texts."""
    return {str(variant): variant for variant in as_variants(", ".join(design()))}


def run(data_dir: Path | None) -> None:
    """Runs the study, or resumes it, and stores the scores."""
    datasets = [keras_attn.load_dataset(name, data_dir=data_dir) for name in DATASETS]
    comparison = compare(
        datasets,
        design(),
        seeds=SEEDS,
        output=FOLDER,
        command="python -m benchmarks.gates",
        **SETTINGS,
    )
    write(comparison.results, comparison.plan.versions())


def write(results: pd.DataFrame, versions: dict[str, str]) -> None:
    """Stores the scores of all trials."""
    content = {
        "versions": versions,
        "settings": {**SETTINGS, "seeds": SEEDS},
        "columns": COLUMNS,
        "rows": results[COLUMNS].to_numpy().tolist(),
    }
    FILE.write_text(json.dumps(content, indent=0) + "\n", encoding="utf-8")


def stored() -> tuple[pd.DataFrame, dict[str, Any]]:
    """The scores, one row per trial, and how they were made."""
    content = json.loads(FILE.read_text(encoding="utf-8"))
    return pd.DataFrame(content.pop("rows"), columns=content.pop("columns")), content


def effects(results: pd.DataFrame) -> pd.DataFrame:
    """The main effects of topology, channel gate and spatial gate."""
    return main_effects(results.rename(columns={"variant": "topology"}), variants(), "auc")


def tests(results: pd.DataFrame) -> pd.DataFrame:
    """Whether a choice matters at all: the F-test of each factor, beside the other two.

    Returns:
        A table indexed by factor: `F`, `p`, `p_corrected` for the number of factors, and
        the `share` of the variance within the blocks (image set and seed) that it explains.
    """
    table = results[results["variant"].isin(design()) & results["auc"].notna()]
    levels = factors_of(variants()).loc[table["variant"]].reset_index(drop=True)
    blocks = table["dataset"].str.cat(table["seed"].astype(str), "-").reset_index(drop=True)
    scores = table["auc"].to_numpy("float64")

    def fit(factors: list[str]) -> tuple[float, int]:
        """The sum of squared residuals, and how many coefficients there are."""
        columns = pd.concat([blocks, levels[factors]], axis=1)
        matrix = pd.get_dummies(columns).to_numpy("float64")
        coefficients, _, rank, _ = np.linalg.lstsq(matrix, scores, rcond=None)
        return float(np.square(scores - matrix @ coefficients).sum()), int(rank)

    names = list(levels)
    (whole, rank), (alone, _) = fit(names), fit([])
    freedom = len(scores) - rank
    rows = {}
    for name in names:
        less, smaller = fit([other for other in names if other != name])
        ratio = (less - whole) / (rank - smaller) / (whole / freedom)
        p = float(stats.f.sf(ratio, rank - smaller, freedom))
        rows[name] = {"F": ratio, "p": p, "share": (less - whole) / alone}
    found = pd.DataFrame(rows).T
    found.insert(2, "p_corrected", (len(names) * found["p"]).clip(upper=1))
    return found


def evidence() -> dict[str, Any]:
    """What `recommend` says of the study; empty until it has been run."""
    if not FILE.exists():
        return {}
    results, content = stored()
    found, tested = effects(results), tests(results)
    return {
        "datasets": list(DATASETS),
        "samples": SETTINGS["samples"],
        "network": SETTINGS["model"],
        "seeds": content["settings"]["seeds"],
        "factors": {
            str(factor): {
                "p_corrected": float(row["p_corrected"]),
                "best": str(found.loc[factor]["effect"].idxmax()),
                "worst": str(found.loc[factor]["effect"].idxmin()),
                "range": float(np.ptp(found.loc[factor]["effect"])),
            }
            for factor, row in tested.iterrows()
        },
    }


def main() -> None:
    """Runs the study, or shows its effects."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--effects", action="store_true", help="only show the stored effects")
    parser.add_argument("--data-dir", type=Path, help="where the files of the image sets are")
    options = parser.parse_args()
    if not options.effects:
        run(options.data_dir)
    results, _ = stored()
    print(effects(results).to_string(float_format=lambda value: f"{value:+.4f}"))
    print(tests(results).to_string(float_format=lambda value: f"{value:.4f}"))


if __name__ == "__main__":
    main()
