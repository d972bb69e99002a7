"""The part of the report on the errors of the networks, and what a reviewer should know."""

from __future__ import annotations

from typing import Any

from keras_attn.study import cautions, outcome_plots
from keras_attn.study.analysis import Analysis
from keras_attn.study.control import BASELINE
from keras_attn.study.grid import Group
from keras_attn.study.inline_pictures import single
from keras_attn.study.outcomes import Outcome
from keras_attn.tasks.create import learning_task
from keras_attn.tasks.metrics import METRICS

#: More networks than these share a panel only if they are the baseline or the best.
MOST_LINES = 6

#: More classes than these have no picture of their confusions.
MOST_CLASSES = 20


def errors(analysis: Analysis, group: Group) -> dict[str, Any]:
    """ROC curves, reliability and confusions, where predictions were kept."""
    results = analysis.results
    outcomes = results.outcomes.get(group, {})
    best = results.best_trial_of(group, with_attention=True)
    most_important = [BASELINE, *([best.topology] if best else [])]
    shown = {name: outcomes[name] for name in most_important if name in outcomes}
    lines = outcomes if len(outcomes) <= MOST_LINES else shown
    if not lines:
        return {"curves": [], "confusions": []}
    name, size = group.name, (3.6, 3.4)
    return {
        "curves": [
            ("ROC curve", single(f"{name}-roc", size, outcome_plots.draw_roc, lines)),
            (
                "Reliability",
                single(f"{name}-reliability", size, outcome_plots.draw_reliability, lines),
            ),
        ],
        "confusions": [_confusion(analysis, group, *each) for each in shown.items()]
        if all(_is_shown(each) for each in shown.values())
        else [],
    }


def _is_shown(outcome: Outcome) -> bool:
    return outcome.confusion is not None and len(outcome.confusion) <= MOST_CLASSES


def _confusion(analysis: Analysis, group: Group, variant: str, outcome: Outcome) -> Any:
    names = analysis.results.plan.facts(group.dataset).class_names
    side = 2.2 + 0.22 * len(names)
    return single(
        f"{group.name}-confusion-{variant}",
        (side, side),
        outcome_plots.draw_confusion,
        variant,
        outcome.confusion,
        names,
    )


def warnings(analysis: Analysis, group: Group) -> list[str]:
    """What a reader should know before believing the scores."""
    results = analysis.results
    facts = results.plan.facts(group.dataset)
    task = learning_task(facts.task, len(facts.class_names))
    title = METRICS[task.selected_by].title
    found = [
        cautions.convergence(results.curves_of(group), results.plan.question, title),
        cautions.selection(results.plan.config),
        cautions.duplicates(facts),
    ]
    return [each for each in found if each]
