"""How a notebook shows a comparison: the answer, and a short table of verdicts per image set."""

from __future__ import annotations

from html import escape
from typing import Any

import pandas as pd

from keras_attn.study.analysis import Analysis
from keras_attn.study.control import BASELINE, is_control
from keras_attn.study.grid import Group
from keras_attn.study.question import Question
from keras_attn.study.report_table import ends, has_both
from keras_attn.study.wording import number, signed

#: Text is aligned to the left, whatever the style of the notebook.
LEFT = ' style="text-align: left"'


def as_html(analysis: Analysis, answer: str) -> str:
    """The answer as a sentence, and one table per group.

    Args:
        analysis: The analysed results.
        answer: The sentence.

    Returns:
        HTML without a style of its own, so that it follows the theme of the notebook.
    """
    tables = "".join(_table(analysis, group) for group in analysis.groups)
    return f"<p><strong>{escape(answer)}</strong></p>{tables}"


def _table(analysis: Analysis, group: Group) -> str:
    question, summary = analysis.results.plan.question, analysis.summary_of(group)
    caption = f"<caption>{escape(str(group))}</caption>" if len(analysis.results.groups) > 1 else ""
    heads = ("Network", question.title, "Difference", "Verdict", "Seeds", "Parameters")
    head = "".join(f"<th{LEFT}>{escape(name)}</th>" for name in heads)
    rows = ""
    for key, row in summary.iterrows():
        cells = (f"<td{LEFT}>{escape(cell)}</td>" for cell in _cells(key, row, question))
        rows += f"<tr>{''.join(cells)}</tr>"
    return f"<table>{caption}<thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>"


def _cells(key: Any, row: pd.Series, question: Question) -> list[str]:
    metric, difference = question.headline, f"{question.headline}_difference"
    interval = ends(row, "combined" if has_both(row) else difference)
    return [
        str(key),
        f"{number(row[metric])} ({ends(row, metric)})",
        "" if key == BASELINE else f"{signed(row[difference])} ({interval})",
        "" if is_control(str(key)) else row["verdict"],
        str(int(row["n"])),
        f"{int(row['parameters']):,}",
    ]
