"""The report of a study: one HTML file that needs no other file."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any

import jinja2
from markupsafe import Markup

from keras_attn.study import plots
from keras_attn.study.analysis import Analysis
from keras_attn.study.answer import answer
from keras_attn.study.cautions import most_frequent
from keras_attn.study.control import BASELINE
from keras_attn.study.details import details
from keras_attn.study.grid import Group
from keras_attn.study.inline_pictures import single
from keras_attn.study.methods import bibtex, paragraph
from keras_attn.study.report_errors import errors, warnings
from keras_attn.study.report_table import table_row, verdicts
from keras_attn.study.results import Results
from keras_attn.study.stored_pictures import KINDS, picture
from keras_attn.study.summary import SEEDS_AND_IMAGES, metrics_of
from keras_attn.study.wording import (
    caution,
    number,
    overview,
    ranking_sentence,
    setting,
    signed,
)
from keras_attn.tasks.create import learning_task
from keras_attn.tasks.metrics import METRICS

#: The costs that the headline metric is drawn against: column of the summary, and title.
COSTS = {
    "parameters": "against parameters",
    "macs": "against MACs per image",
    "seconds_per_step": "against seconds per training step",
}

#: What the recall counts, by what the labels have at positions of an image.
UNITS = {"": "test images", "masks": "pixels", "boxes": "boxes"}

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
        "effects": _effects(analysis),
        "groups": parts,
        "failures": {
            str(key): trial.reason for key, trial in results.trials.items() if trial.error
        },
        "details": details(results.plan),
        "selected_on": results.plan.config.select,
        "methods": paragraph(results.plan, any(_has_images(analysis, g) for g in analysis.groups)),
        "bibtex": bibtex(results.plan),
        "command": results.command,
        "versions": {
            **results.plan.versions(),
            "hardware": hardware_of(results),
        },
        "date": datetime.now().astimezone().strftime("%d %B %Y, %H:%M %Z"),
    }


def hardware_of(results: Results) -> str:
    """What the trials were trained on."""
    names = dict.fromkeys(trial.hardware for trial in results.trials.values() if trial.hardware)
    return ", and ".join(names) or "not recorded"


def _has_images(analysis: Analysis, group: Group) -> bool:
    return SEEDS_AND_IMAGES in set(analysis.summary_of(group)["basis"])


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
    # Long names stand beside the axes, which keep their width.
    longest = max(len(str(key)) for key in summary.index)
    names_beside = 0.075 * max(0, longest - 14)
    wide = (4.2 + names_beside, height)
    names_apart = (4.2, 2.1 + 0.15 * len(summary))
    name, facts = group.name, analysis.results.plan.facts(group.dataset)
    task = learning_task(facts.task, len(facts.class_names))
    attended = [key for key in summary.index if key != BASELINE or len(summary) == 1]
    return {
        "title": str(group),
        "answer": unbroken(answer(summary, question)),
        "setting": setting(analysis, group),
        "caution": caution(summary, question),
        "notes": analysis.results.plan.notes,
        "verdicts": verdicts(summary, question),
        "metrics": [METRICS[metric].title for metric in metrics],
        "rows": [table_row(key, summary.loc[key], metrics, question) for key in summary.index],
        "forest": single(
            f"{name}-forest",
            (5.2 + names_beside, 0.8 + 0.32 * len(summary)),
            plots.draw_forest,
            summary,
            question,
        )
        if len(summary) > 1
        else "",
        "plots": [
            single(f"{name}-{metric}", wide, plots.draw_metric, trials, metric)
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
        "errors": errors(analysis, group),
        "warnings": warnings(analysis, group),
        "most_frequent": most_frequent(analysis.results.majorities.get(group)),
        **{name: _picture(analysis.results, group, name) for name in ("gates", "masks", "boxes")},
        "disagreements": _disagreements(analysis, group),
        "selected_by": METRICS[task.selected_by].title,
        "units": UNITS[task.located],
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


def _effects(analysis: Analysis) -> Markup | str:
    """The picture of the main effects, if the study varies more than the topology."""
    try:
        effects = analysis.effects()
    except ValueError:
        return ""
    if len(effects.index.unique("factor")) < 2:
        return ""
    return single("effects", (6.2, 0.9 + 0.3 * len(effects)), plots.draw_effects, effects)


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


def _disagreements(analysis: Analysis, group: Group) -> dict[str, Any]:
    """How many images attention gains and loses, and the clearest of them."""
    found = analysis.results.disagreements.get(group)
    counts = {} if found is None else {"seeds": found.seeds, **found.counts}
    return {**_picture(analysis.results, group, "disagreements"), **counts}


def _picture(results: Results, group: Group, name: str) -> dict[str, Any]:
    best = results.best_trial_of(group, KINDS[name].with_attention)
    drawn = picture(results, group, name)
    if best is None or drawn is None:
        return {"topology": "", "picture": ""}
    return {"topology": best.topology, "seed": best.seed, "picture": Markup(drawn)}
