"""The report of a study: one HTML file that needs no other file."""

from __future__ import annotations

import platform
from datetime import datetime
from pathlib import Path
from typing import Any

import jinja2
import numpy as np
import pandas as pd
from markupsafe import Markup

from keras_attn.data.duplicates import shared_images
from keras_attn.study import plots
from keras_attn.study.analysis import Analysis
from keras_attn.study.control import BASELINE, entries_of, is_control, meaning
from keras_attn.study.gate_pictures import draw_gates
from keras_attn.study.inference import HEADLINE, metrics_of
from keras_attn.study.inline_pictures import PAGE_PALETTE, single, svg
from keras_attn.study.metrics import METRICS
from keras_attn.study.plan import Group, Plan, versions
from keras_attn.study.wording import (
    answer,
    caution,
    number,
    overview,
    p_text,
    ranking_sentence,
    seeds_text,
    signed,
)

#: The costs that the headline metric is drawn against: column of the summary, and title.
COSTS = {
    "parameters": "AUC against parameters",
    "macs": "AUC against multiply-accumulates per image",
    "seconds_per_step": "AUC against seconds per training step",
}

#: The largest number of classes whose recall is shown: those that the networks differ in most.
MOST_CLASSES = 20


def write_report(analysis: Analysis, path: Path) -> None:
    """Writes the report.

    Args:
        analysis: The analysed results.
        path: The file.
    """
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=jinja2.StrictUndefined,
    )
    page = environment.get_template("report.html.jinja").render(content(analysis))
    path.write_text(page, encoding="utf-8")


def content(analysis: Analysis) -> dict[str, Any]:
    """Everything that the template shows, as text and pictures."""
    results = analysis.results
    parts = [_group(analysis, group) for group in analysis.groups]
    several = len(parts) > 1
    names = list(results.plan.datasets)
    return {
        "title": f"Attention on {names[0] if len(names) == 1 else f'{len(names)} image sets'}",
        "answer": overview(analysis) if several else parts[0]["answer"],
        "caution": "" if several else parts[0]["caution"],
        "ranking": _ranking(analysis) if several else None,
        "groups": parts,
        "failures": {
            str(key): trial.reason for key, trial in results.trials.items() if trial.error
        },
        "details": details(results.plan),
        "command": results.command,
        "versions": {**versions(), "machine": f"{platform.system()} {platform.machine()}"},
        "date": datetime.now().astimezone().strftime("%d %B %Y, %H:%M %Z"),
    }


def _group(analysis: Analysis, group: Group) -> dict[str, Any]:
    """The part of the report on one image set at one size."""
    trials, curves = analysis.results.compared_of(group), analysis.results.curves_of(group)
    summary = analysis.summary_of(group)
    metrics = metrics_of(trials)
    height = 1.0 + 0.42 * len(summary)
    names_apart = (4.2, 2.1 + 0.15 * len(summary))
    name = group.name
    attended = [key for key in summary.index if key != BASELINE or len(summary) == 1]
    return {
        "title": str(group),
        "answer": answer(analysis, group),
        "caution": caution(summary, analysis.results.plan.notes),
        "metrics": [METRICS[metric].title for metric in metrics],
        "rows": [_table_row(key, summary.loc[key], metrics) for key in summary.index],
        "forest": single(f"{name}-forest", (6.4, height), plots.draw_forest, summary, HEADLINE)
        if len(summary) > 1
        else "",
        "plots": [
            single(f"{name}-{metric}", (4.2, height), plots.draw_metric, trials, metric)
            for metric in metrics
        ],
        "costs": [
            single(f"{name}-{cost}", names_apart, plots.draw_cost, summary, cost, HEADLINE, title)
            for cost, title in COSTS.items()
        ],
        "curves": [
            single(f"{name}-curve-{key}", (3.4, 2.3), plots.draw_curves, curves, key)
            for key in attended
        ],
        "recall": _recall(analysis, group),
        "gates": _gates(analysis, group),
    }


def _ranking(analysis: Analysis) -> dict[str, Any]:
    ranking = analysis.ranking
    picture: Markup | str = ""
    if ranking is not None:
        size = (7.5, 1.2 + 0.18 * len(ranking.ranks))
        picture = single("ranking", size, plots.draw_ranking, ranking)
    table = analysis.summary()[f"{HEADLINE}_difference"].unstack("topology")
    topologies = analysis.results.plan.grid.topologies
    columns = [key for key in topologies if key in table and key != BASELINE]
    return {
        "sentence": ranking_sentence(ranking),
        "picture": picture,
        "columns": columns,
        "rows": [
            (f"{name}, {size:,} images", [signed(table.loc[(name, size), key]) for key in columns])
            for name, size in table.index
        ],
    }


def _recall(analysis: Analysis, group: Group) -> dict[str, Any]:
    recall = analysis.results.recall_of(group).T
    shown = recall
    if len(recall) > MOST_CLASSES:
        spread = recall.max(axis=1) - recall.min(axis=1)
        shown = recall.loc[spread.sort_values(ascending=False).index[:MOST_CLASSES]]
    # The longer side runs down the page.
    across = len(shown) < len(shown.columns)
    table = shown.T if across else shown
    return {
        "head": "Network" if across else "Class",
        "columns": list(table.columns),
        "rows": [(name, [number(value) for value in row]) for name, row in table.iterrows()],
        "left_out": len(recall) - len(shown),
    }


def _gates(analysis: Analysis, group: Group) -> dict[str, Any]:
    """The gate maps of the best network with attention."""
    results = analysis.results
    best = results.best_trial_of(group, with_attention=True)
    if best is None or not results.attended.get(group):
        return {"topology": "", "picture": ""}
    model = results.best_model_of(group, with_attention=True)
    figure = draw_gates(model, results.plan.data(group), PAGE_PALETTE)
    picture = "" if figure is None else svg(f"{group.name}-gates", figure)
    return {"topology": best.topology, "seed": best.seed, "picture": picture}


def details(plan: Plan) -> dict[str, str]:
    """The configuration of the study, and a description of the images."""
    config = plan.config
    facts: dict[str, str] = {}
    for name, data in plan.datasets.items():
        splits = (("training", data.train), ("validation", data.val), ("test", data.test))
        label = "Images" if len(plan.datasets) == 1 else name
        facts[label] = "; ".join(
            [
                data.name,
                f"{data.task}, {len(data.class_names)} classes: {_some(data.class_names)}",
                ", ".join(f"{len(split.images):,} {part}" for part, split in splits),
                " × ".join(map(str, data.image_shape)),
                f"licence: {data.licence or 'not stated'}",
                f"source: {data.source or 'not stated'}",
                f"duplicates across splits: {_duplicates(shared_images(data))}",
            ]
        )
    sizes = [str(group.samples) for group in plan.grid.groups if group.samples is not None]
    facts |= {
        "Training sizes": ", ".join(dict.fromkeys(sizes))
        and f"{', '.join(dict.fromkeys(sizes))}: stratified subsets, each contained in the larger",
        "Network": plan.network_text,
        "Published in": ", ".join(_sources(plan.grid.topologies)),
        "Seeds": ", ".join(map(str, plan.grid.seeds)),
        "Pairing": "networks with the same seed start with equal weights in all layers that they "
        "share, and see the same images in the same order",
        "Epochs": f"{config.epochs}; scored at the one with the best validation AUC",
        "Batch size": str(
            config.batch_size or "64, or less where an epoch would have fewer than 8 steps"
        ),
        "Optimiser": f"AdamW, learning rate {config.learning_rate:g} with cosine decay, "
        f"weight decay {config.weight_decay:g}",
        "Augmentation": _augmentation(config.shift, config.flip),
    }
    return {name: value for name, value in facts.items() if value}


def _table_row(topology: str, row: pd.Series, metrics: list[str]) -> dict[str, Any]:
    return {
        "topology": topology,
        "meaning": meaning(topology),
        "seeds": int(row["n"]),
        "lost": _lost(row),
        "cells": [(number(row[metric]), _ends(row, metric)) for metric in metrics],
        "difference": (
            signed(row[f"{HEADLINE}_difference"]),
            "" if topology == BASELINE else _ends(row, f"{HEADLINE}_difference"),
        ),
        "test": _test(topology, row),
        "needed": "" if np.isnan(row["seeds_needed"]) else seeds_text(row["seeds_needed"]),
        "parameters": f"{int(row['parameters']):,}",
        "macs": f"{row['macs'] / 1e6:,.1f} M",
        "step": f"{1000 * row['seconds_per_step']:.1f} ms",
    }


def _test(topology: str, row: pd.Series) -> tuple[str, str]:
    """The cell of the corrected test; empty for networks that topologies are compared with."""
    if is_control(topology):
        return "", ""
    return p_text(row["p_corrected"]), row["verdict"]


def _ends(row: pd.Series, name: str) -> str:
    low, high = row[f"{name}_low"], row[f"{name}_high"]
    if not (np.isfinite(low) and np.isfinite(high)):
        return "–"
    return f"{low:z.3f} to {high:z.3f}".replace("-", "−")


def _lost(row: pd.Series) -> str:
    """How many trials have no scores."""
    counts = ((int(row[name]), name) for name in ("diverged", "failed"))
    return ", ".join(f"{count} {name}" for count, name in counts if count)


def _some(names: tuple[str, ...], most: int = 20) -> str:
    rest = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(names[:most]) + rest


def _duplicates(shared: dict[tuple[str, str], int]) -> str:
    found = (f"{count} in {' and '.join(pair)}" for pair, count in shared.items())
    return ", ".join(found) or "none that are identical"


def _sources(topologies: tuple[str, ...]) -> list[str]:
    """The publications of the topologies, each once."""
    keys = [key for key in topologies if not is_control(key)]
    return list(dict.fromkeys(entry.source for key in keys for entry in entries_of(key)))


def _augmentation(shift: int, flip: bool) -> str:
    kinds = [f"shifts by up to {shift} pixels"] if shift else []
    kinds += ["mirrored left to right"] if flip else []
    return " and ".join(kinds) or "none"
