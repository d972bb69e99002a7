"""The sentences of a report, which state no more than the tests support."""

from __future__ import annotations

import numpy as np
import pandas as pd

from keras_attn.study.analysis import Analysis
from keras_attn.study.control import BASELINE, is_control
from keras_attn.study.grid import Group
from keras_attn.study.inference import LEVEL
from keras_attn.study.question import Question
from keras_attn.study.ranking import LEAST_BLOCKS, LEAST_NETWORKS, Ranking
from keras_attn.study.summary import SEEDS_AND_IMAGES
from keras_attn.study.verdicts import (
    BETTER,
    EQUIVALENT,
    LEAST_SEEDS,
    NOT_SHOWN,
    UNDECIDED,
    WORSE,
)


def setting(analysis: Analysis, group: Group) -> str:
    """What was trained, and what it reached without attention."""
    plan, summary = analysis.results.plan, analysis.summary_of(group)
    question, seeds = plan.question, len(plan.grid.seeds)
    start = (
        f"Trained on {plan.train_samples(group):,} images with "
        f"{f'{seeds} seeds' if seeds > 1 else 'one seed'}, {plan.backbone} without attention "
    )
    baseline = float(summary[question.headline][BASELINE]) if BASELINE in summary.index else np.nan
    if not np.isfinite(baseline):
        return start + "gave no result."
    kind = "a mean" if seeds > 1 else "the"
    return start + f"reached {kind} {question.title} of {number(baseline)} on the test images."


def variants_of(summary: pd.DataFrame) -> pd.DataFrame:
    """The rows of a summary without the baseline and the control."""
    return summary[[not is_control(str(key)) for key in summary.index]]


def caution(summary: pd.DataFrame, question: Question | None = None) -> str:
    """How the differences were tested, and what the tests do not show.

    Args:
        summary: The summary of a group.
        question: The metric and the margin of the verdicts; AUC and 0.01 if None.
    """
    question = question or Question()
    compared = variants_of(summary)
    seeds = int(summary["n"].max())
    sentences = []
    if seeds < LEAST_SEEDS:
        count = "One seed gives no interval and no test" if seeds < 2 else f"{seeds} seeds are few"
        sentences.append(f"{count}: everything is undecided with fewer than {LEAST_SEEDS} seeds.")
    if not len(compared):
        sentences.append("Nothing was compared.")
    else:
        sentences.append(correction_sentence(len(compared), question))
    sentences += [control_sentence(summary), basis_sentence(compared, question)]
    if summary["diverged"].any():
        sentences.append(
            "Trials whose loss became NaN or infinite are counted as diverged and left out of the "
            "means."
        )
    if summary["failed"].any():
        sentences.append(
            "Trials that failed are left out of the means; their errors are listed below."
        )
    return " ".join(filter(None, sentences))


def basis_sentence(compared: pd.DataFrame, question: Question) -> str:
    """Whether the verdicts account for the choice of the test images."""
    if question.folds:
        return (
            f"Every image is a test image in one of {question.folds} folds. The tests are the "
            "corrected resampled t-test of Nadeau and Bengio, which allows for the training images "
            "that the folds share; the verdicts account for the choice of the test images."
        )
    with_images = compared["basis"] == SEEDS_AND_IMAGES
    if len(compared) and with_images.all():
        return (
            "Verdicts account for what another training and what other test images would change; "
            "the intervals of single metrics are over trainings alone."
        )
    if with_images.any():
        some = listed([str(key) for key in compared.index[~with_images]])
        return (
            "Verdicts account for what another training and what other test images would change, "
            f"except those of {some}, whose predictions are incomplete."
        )
    return (
        "No predictions were kept, so the verdicts show what another training would change, not "
        "what other test images would."
    )


def correction_sentence(variants: int, question: Question) -> str:
    """How the verdicts are tested and corrected."""
    of = "for one variant" if variants == 1 else f"over the {variants} variants"
    return (
        f"Verdicts are about {question.title} and rest on Student’s t-tests, paired by seed: one "
        f"for a difference, two one-sided for a difference smaller than {question.margin:g}. "
        f"Holm’s correction {of}, and over both kinds of test, keeps the probability of any wrong "
        f"verdict at {LEVEL:.0%} or less{_looks(question)}.".replace("%", " %")
    )


def _looks(question: Question) -> str:
    if question.looks == 1:
        return ""
    return (
        f", together with a factor of {question.looks} for the {question.looks} numbers of seeds "
        "with which the results may be looked at"
    )


def control_sentence(summary: pd.DataFrame) -> str:
    """What the test against the parameter-matched control shows; empty if there was none."""
    tested = summary[np.isfinite(summary["control_p_value"])]
    if not len(tested):
        return ""
    row = tested.iloc[0]
    found = {
        BETTER: "was better",
        WORSE: "was worse",
        NOT_SHOWN: "was not shown to differ",
    }[row["control_verdict"]]
    return (
        f"Compared with a plain network that has the same number of parameters, {row.name} {found} "
        f"(difference {signed(row['control_difference'])}, {p_text(row['control_p_value'])}; a "
        "single test beside the others)."
    )


def overview(analysis: Analysis) -> str:
    """The result of several groups, in one sentence."""
    summary = analysis.summary()
    verdicts = summary["verdict"][summary["verdict"] != ""]
    words = (BETTER, WORSE, EQUIVALENT, UNDECIDED)
    counts = {word: int((verdicts == word).sum()) for word in words}
    opening = "Benefit in some cases" if counts[BETTER] else "No benefit shown"
    return (
        f"{opening}: of {len(verdicts)} comparisons with no attention, over "
        f"{len(analysis.results.groups)} image sets or training sizes, "
        f"{listed([f'{count} are {word}' for word, count in counts.items()])}."
    )


def ranking_sentence(ranking: Ranking | None) -> str:
    """The result of Friedman's test."""
    if ranking is None:
        return (
            f"Ranks over image sets are tested only for at least {LEAST_BLOCKS} image sets "
            f"or sizes and {LEAST_NETWORKS} networks."
        )
    found = "are shown to differ" if ranking.differs else "are not shown to differ"
    return (
        f"Over {ranking.blocks} image sets or sizes the networks {found} in their ranks "
        f"(Friedman’s test, {p_text(ranking.p_value)}). Two mean ranks are shown to differ if they "
        f"are further apart than the critical difference of {ranking.critical_difference:.2f} "
        "(Nemenyi). The test treats sizes of one image set as independent, which they are not."
    )


def listed(names: list[str]) -> str:
    """Names in a sentence."""
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


def number(value: float) -> str:
    """A number with three decimals, or a dash for NaN."""
    return f"{value:.3f}" if np.isfinite(value) else "–"


def signed(value: float) -> str:
    """A difference with its sign, zero without a sign, or a dash for NaN."""
    if not np.isfinite(value):
        return "–"
    return f"{value:+.3f}".replace("-", "−") if round(value, 3) else "0.000"


def p_text(value: float) -> str:
    """A p-value, or a dash; with one more digit if it would read as the threshold itself."""
    if not np.isfinite(value):
        return "–"
    if value < 0.001:
        return "p < 0.001"
    text = f"{value:.3f}"
    return f"p = {value:.4f}" if text == "0.050" else f"p = {text}"


def seeds_text(value: float) -> str:
    """A number of seeds, or a dash."""
    if np.isnan(value):
        return "–"
    return f"{value:,.0f}" if value <= 1000 else "over 1,000"
