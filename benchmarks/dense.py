"""Attention for segmentation and detection on real images: three studies, and what they found.

    python -m benchmarks.dense nuclei --data-dir DIR    # run or resume a study: runs/dense/nuclei
    python -m benchmarks.dense nuclei --summary         # show the stored summary

DIR has the folders of `STUDIES` in the layouts that `load_dataset` reads. The summary of a finished
study is kept in benchmarks/results/dense-NAME.json.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any, NamedTuple

import pandas as pd

import keras_attn
from benchmarks.matrix import RESULTS
from keras_attn.study import Comparison, compare
from keras_attn.study.control import is_control
from keras_attn.tasks.metrics import METRICS

FOLDER = Path("runs/dense")

#: What the summary of a study keeps of each variant, beside its scores.
COLUMNS = ("n", "combined_low", "combined_high", "verdict", "parameters")


class Study(NamedTuple):
    """One study.

    Attributes:
        folder: The folder of its images.
        images: What they are, in words.
        variants: What is compared with no attention.
        loading: Arguments of `load_dataset`.
        training: Arguments of `compare`.
    """

    folder: str
    images: str
    variants: str
    loading: dict[str, Any]
    training: dict[str, Any]


STUDIES = {
    "nuclei": Study(
        "nuclei",
        "microscopy images of cell nuclei (BBBC038, 2018 Data Science Bowl)",
        "se@decoder,eca@decoder,cbam@decoder,scse@decoder,scsa_synergistic@decoder,csa@decoder,"
        "sca@decoder,rcsa@decoder,bicsafa@decoder,attention_gate@skip",
        {"size": 64},
        {"seeds": 5, "epochs": 8},
    ),
    "camvid": Study(
        "camvid",
        "frames of a drive with 11 classes (CamVid)",
        "csa@decoder,scse@decoder,attention_gate@skip",
        {"size": 96, "void": 11},
        {"seeds": 3, "epochs": 20},
    ),
    "bccd": Study(
        "bccd",
        "blood smears with boxes of three kinds of cells (BCCD)",
        "csa@blocks,se@blocks",
        {"size": 160},
        {"seeds": 3, "epochs": 6, "batch_size": 8, "learning_rate": 3e-4},
    ),
}


def run(name: str, data_dir: Path) -> None:
    """Runs a study, or resumes it, and stores its summary."""
    study = STUDIES[name]
    dataset = keras_attn.load_dataset(data_dir / study.folder, **study.loading)
    comparison = compare(
        dataset,
        study.variants,
        output=FOLDER / name,
        command=f"python -m benchmarks.dense {name}",
        **study.training,
    )
    write(name, comparison)


def write(name: str, comparison: Comparison) -> None:
    """Stores the summary of a finished study."""
    (group,) = comparison.plan.grid.groups
    facts = comparison.plan.facts(group.dataset)
    headline = comparison.plan.question.headline
    table = comparison.summary()
    scores = [f"{headline}{end}" for end in ("", "_low", "_high", "_difference")]
    rows = table[[*scores, *COLUMNS]].rename(columns=lambda each: each.replace(headline, "score"))
    content = {
        "made_by": f"python -m benchmarks.dense {name}",
        "versions": comparison.plan.versions(),
        "network": comparison.plan.backbone,
        "task": facts.task,
        "headline": headline,
        "margin": comparison.plan.question.margin,
        "image_shape": list(facts.image_shape),
        "samples": dict(facts.samples),
        "rows": json.loads(rows.round(5).to_json(orient="index")),
    }
    path_of(name).write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")


def path_of(name: str) -> Path:
    """The file of a study's summary."""
    return RESULTS / f"dense-{name}.json"


def stored(name: str) -> dict[str, Any] | None:
    """The summary of a study, with its rows as a table; None if it was not finished here."""
    if not path_of(name).exists():
        return None
    content = json.loads(path_of(name).read_text(encoding="utf-8"))
    return {**content, "rows": pd.DataFrame.from_dict(content["rows"], orient="index")}


def evidence() -> list[dict[str, Any]]:
    """What the guideline tells of the tasks that the paper did not test."""
    return [
        {
            "task": content["task"],
            "dataset": name,
            "num_samples": content["samples"]["train"],
            "network": content["network"],
            "variant": variant,
            "seeds": int(row["n"]),
            "metric": METRICS[content["headline"]].title,
            "margin": content["margin"],
            "difference": row["score_difference"],
            "low": row["combined_low"],
            "high": row["combined_high"],
            "verdict": row["verdict"],
        }
        for name in STUDIES
        if (content := stored(name)) is not None
        for variant, row in content["rows"].iterrows()
        if not is_control(str(variant))
    ]


def main() -> None:
    """Runs a study, or shows its summary."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("study", choices=STUDIES)
    parser.add_argument("--data-dir", type=Path, help="the folder with the folders of images")
    parser.add_argument("--summary", action="store_true", help="only show the stored summary")
    options = parser.parse_args()
    if not options.summary:
        if options.data_dir is None:
            parser.error("--data-dir is needed to run a study")
        run(options.study, options.data_dir)
    content = stored(options.study)
    print("not finished" if content is None else content["rows"].to_string())


if __name__ == "__main__":
    main()
