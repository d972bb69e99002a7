"""How `keras-attn compare` and `keras-attn report` end: the answer and a table."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import typer
from rich.console import Console

from keras_attn.cli.parts import plain_table

if TYPE_CHECKING:
    import pandas as pd

    from keras_attn.study import Comparison


def show_summary(comparison: Comparison) -> None:
    """Prints the answer and, for each topology, means, intervals, difference and verdict."""
    from keras_attn.tasks.create import learning_task
    from keras_attn.tasks.metrics import METRICS

    question = comparison.plan.question
    facts = comparison.plan.facts(comparison.groups[0].dataset)
    watched = learning_task(facts.task, len(facts.class_names)).watched
    metrics = list(dict.fromkeys((watched, question.headline)))
    for group in comparison.groups:
        typer.echo(comparison.answer_of(group) + "\n")
        table = plain_table(padding=(0, 1, 0, 0))
        if len(comparison.groups) > 1:
            table.title, table.title_justify = str(group), "left"
        titles = [METRICS[metric].title for metric in metrics]
        for column in ("topology", *titles, "difference", "verdict", "ms/step"):
            table.add_column(
                column,
                justify="left" if column == "topology" else "right",
                no_wrap=column != "topology",
                overflow="fold",
            )
        for topology, row in comparison.summary_of(group).iterrows():
            table.add_row(
                str(topology),
                *(with_interval(row, name) for name in metrics),
                with_interval(row, f"{question.headline}_difference", combined=True),
                row["verdict"] or "-",
                f"{1000 * row['seconds_per_step']:.1f}",
            )
        Console().print(table)
    for note in comparison.plan.notes:
        typer.echo(f"Note: {note}")
    failed = sum(bool(trial.error) for trial in comparison.trials.values())
    if failed:
        typer.echo(f"{failed} trials failed; the report has their errors.", err=True)
    typer.echo(
        "Means over the seeds and their 95 % intervals. The difference and the verdict are those "
        f"in {question.title} to none, with a margin of {question.margin:g}; they account for the "
        "choice of test images where predictions were kept."
    )


def with_interval(row: pd.Series, name: str, combined: bool = False) -> str:
    """Mean and, below it, the 95 % interval, as far as there are any.

    Args:
        row: Of the summary.
        name: The column.
        combined: Whether the interval is that over test images as well, if there is one.
    """
    mean, low, high = (row[f"{name}{end}"] for end in ("", "_low", "_high"))
    if combined and not math.isnan(row["combined_low"]):
        low, high = row["combined_low"], row["combined_high"]
    if math.isnan(mean):
        return "-"
    return f"{mean:z.3f}" + ("" if math.isnan(low) else f"\n{low:z.3f} to {high:z.3f}")
