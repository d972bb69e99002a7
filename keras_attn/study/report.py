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

from keras_attn.study import plots
from keras_attn.study.analysis import Analysis
from keras_attn.study.answer import answer
from keras_attn.study.control import BASELINE, is_control, meaning
from keras_attn.study.details import details
from keras_attn.study.grid import Group
from keras_attn.study.inline_pictures import single
from keras_attn.study.question import Question
from keras_attn.study.results import Results
from keras_attn.study.stored_pictures import KINDS, picture
from keras_attn.study.summary import metrics_of
from keras_attn.study.wording import (
    caution,
    number,
    overview,
    p_text,
    ranking_sentence,
    seeds_text,
    setting,
    signed,
    variants_of,
)
from keras_attn.tasks.create import learning_task
from keras_attn.tasks.metrics import METRICS

#: The costs that the headline metric is drawn against: column of the summary, and title.
COSTS = {
    "parameters": "against parameters",
    "macs": "against multiply-accumulates per image",
    "seconds_per_step": "against seconds per training step",
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
    names = list(dict.fromkeys(group.dataset for group in results.groups))
    return {
        "title": f"Attention on {names[0] if len(names) == 1 else f'{len(names)} image sets'}",
        "answer": unbroken(overview(analysis)) if several else parts[0]["answer"],
        "setting": "" if several else parts[0]["setting"],
        "question": results.plan.question,
        "ranking": _ranking(analysis) if several else None,
        "groups": parts,
        "failures": {
            str(key): trial.reason for key, trial in results.trials.items() if trial.error
        },
        "details": details(results.plan),
        "command": results.command,
        "versions": {
            **results.plan.versions(),
            "machine": f"{platform.system()} {platform.machine()}",
        },
        "date": datetime.now().astimezone().strftime("%d %B %Y, %H:%M %Z"),
    }


def unbroken(text: str) -> str:
    """The text without a line break between a number and its percent sign."""
    return text.replace(" %", "\N{NO-BREAK SPACE}%")


def _group(analysis: Analysis, group: Group) -> dict[str, Any]:
    """The part of the report on one image set at one size."""
    trials, curves = analysis.results.compared_of(group), analysis.results.curves_of(group)
    summary = analysis.summary_of(group)
    metrics, question = metrics_of(trials), analysis.results.plan.question
    title = METRICS[question.headline].title
    height = 1.0 + 0.42 * len(summary)
    names_apart = (4.2, 2.1 + 0.15 * len(summary))
    name, facts = group.name, analysis.results.plan.facts(group.dataset)
    task = learning_task(facts.task, len(facts.class_names))
    attended = [key for key in summary.index if key != BASELINE or len(summary) == 1]
    return {
        "title": str(group),
        "answer": unbroken(answer(summary, question)),
        "setting": setting(analysis, group),
        "caution": caution(summary, analysis.results.plan.notes, question),
        "verdicts": _verdicts(summary, question),
        "metrics": [METRICS[metric].title for metric in metrics],
        "rows": [_table_row(key, summary.loc[key], metrics, question) for key in summary.index],
        "forest": single(
            f"{name}-forest", (5.2, 0.8 + 0.32 * len(summary)), plots.draw_forest, summary, question
        )
        if len(summary) > 1
        else "",
        "plots": [
            single(f"{name}-{metric}", (4.2, height), plots.draw_metric, trials, metric)
            for metric in metrics
        ],
        "costs": [
            single(
                f"{name}-{cost}",
                names_apart,
                plots.draw_cost,
                summary,
                cost,
                question.headline,
                f"{title} {against}",
            )
            for cost, against in COSTS.items()
        ],
        "curves": [
            single(f"{name}-curve-{key}", (3.4, 2.3), plots.draw_curves, curves, key)
            for key in attended
        ],
        "recall": _recall(analysis, group),
        "gates": _gates(analysis, group),
        "masks": _masks(analysis, group),
        "selected_by": METRICS[task.selected_by].title,
        "units": "pixels" if task.has_masks else "test images",
    }


def _ranking(analysis: Analysis) -> dict[str, Any]:
    ranking = analysis.ranking
    picture: Markup | str = ""
    if ranking is not None:
        size = (7.5, 1.2 + 0.18 * len(ranking.ranks))
        picture = single("ranking", size, plots.draw_ranking, ranking)
    headline = analysis.results.plan.question.headline
    table = analysis.summary()[f"{headline}_difference"].unstack("topology")
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
    return _picture(analysis.results, group, "gates")


def _masks(analysis: Analysis, group: Group) -> dict[str, Any]:
    """The predictions of the best network beside the truth, for segmentation."""
    return _picture(analysis.results, group, "masks")


def _picture(results: Results, group: Group, name: str) -> dict[str, Any]:
    best = results.best_trial_of(group, KINDS[name].with_attention)
    drawn = picture(results, group, name)
    if best is None or drawn is None:
        return {"topology": "", "picture": ""}
    return {"topology": best.topology, "seed": best.seed, "picture": Markup(drawn)}


def _verdicts(summary: pd.DataFrame, question: Question) -> list[dict[str, str]]:
    """The verdict on each topology, with its difference and its interval."""
    name = f"{question.headline}_difference"
    return [
        {
            "topology": str(key),
            "word": row["verdict"],
            "difference": signed(row[name]),
            "interval": _ends(row, "combined" if _has_both(row) else name),
        }
        for key, row in variants_of(summary).iterrows()
    ]


def _table_row(
    topology: str, row: pd.Series, metrics: list[str], question: Question
) -> dict[str, Any]:
    difference = f"{question.headline}_difference"
    return {
        "topology": topology,
        "meaning": meaning(topology),
        "seeds": int(row["n"]),
        "lost": _lost(row),
        "cells": [(number(row[metric]), _ends(row, metric)) for metric in metrics],
        "difference": (
            signed(row[difference]),
            "" if topology == BASELINE else _ends(row, difference),
            _ends(row, "combined") if _has_both(row) else "",
        ),
        "test": _test(topology, row),
        "needed": _needed(row),
        "parameters": f"{int(row['parameters']):,}",
        "macs": f"{row['macs'] / 1e6:,.1f} M",
        "step": f"{1000 * row['seconds_per_step']:.1f} ms",
    }


def _test(topology: str, row: pd.Series) -> tuple[str, str]:
    """The cell of the corrected tests; empty for networks that topologies are compared with."""
    if is_control(topology):
        return "", ""
    differs, equivalent = (p_text(row[name]) for name in ("p_corrected", "p_equivalent"))
    return row["verdict"], f"difference {differs}, equivalence {equivalent}"


def _needed(row: pd.Series) -> str:
    """What would decide an undecided topology: seeds, or test images if seeds alone cannot."""
    if np.isfinite(row["images_needed"]):
        return f"{row['images_needed']:,.1f} times the test images"
    return "" if np.isnan(row["seeds_needed"]) else seeds_text(row["seeds_needed"])


def _has_both(row: pd.Series) -> bool:
    """Whether there is an interval over trainings and test images."""
    return bool(np.isfinite(row["combined_low"]))


def _ends(row: pd.Series, name: str) -> str:
    low, high = row[f"{name}_low"], row[f"{name}_high"]
    if not (np.isfinite(low) and np.isfinite(high)):
        return "–"
    return f"{low:z.3f} to {high:z.3f}".replace("-", "−")


def _lost(row: pd.Series) -> str:
    """How many trials have no scores."""
    counts = ((int(row[name]), name) for name in ("diverged", "failed"))
    return ", ".join(f"{count} {name}" for count, name in counts if count)
