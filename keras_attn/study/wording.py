"""The sentences of a report, which state no more than the tests support."""

from __future__ import annotations

import numpy as np
import pandas as pd

from keras_attn.study.analysis import Analysis
from keras_attn.study.control import BASELINE, is_control
from keras_attn.study.inference import BETTER, HEADLINE, POWER, UNDECIDED, WORSE
from keras_attn.study.plan import Group
from keras_attn.study.ranking import LEAST_BLOCKS, LEAST_NETWORKS, Ranking

#: The largest number of names that a sentence lists; beyond it, it gives their number.
MOST_NAMES = 6


def answer(analysis: Analysis, group: Group) -> str:
    """The result of one group, in one sentence."""
    plan, summary = analysis.results.plan, analysis.summary_of(group)
    seeds = len(plan.grid.seeds)
    start = (
        f"Trained on {len(plan.data(group).train.images):,} images with "
        f"{f'{seeds} seeds' if seeds > 1 else 'one seed'}, {plan.backbone} without attention "
    )
    baseline = float(summary[HEADLINE][BASELINE]) if BASELINE in summary.index else np.nan
    if not np.isfinite(baseline):
        return start + "gave no result."
    start += (
        f"reached {'a mean' if seeds > 1 else 'an'} AUC of {number(baseline)} on the test images"
    )
    compared = topologies_of(summary)
    compared = compared[np.isfinite(compared[f"{HEADLINE}_difference"])]
    found = [_supported(str(key), row) for key, row in compared.iterrows()]
    found = [words for words in found if words]
    open_ = [str(key) for key, row in compared.iterrows() if row["verdict"] == UNDECIDED]
    if len(open_) > MOST_NAMES:
        which = "others" if found else "networks that were compared with it"
        found.append(f"the {len(open_)} {which} were {UNDECIDED} from it")
    elif open_:
        found.append(f"{listed(open_)} {'was' if len(open_) == 1 else 'were'} {UNDECIDED} from it")
    return "; ".join([start, *found]) + "."


def topologies_of(summary: pd.DataFrame) -> pd.DataFrame:
    """The rows of a summary without the baseline and the control."""
    return summary[[not is_control(str(key)) for key in summary.index]]


def _supported(topology: str, row: pd.Series) -> str:
    """A difference that the corrected test supports, in words; empty for any other."""
    if row["verdict"] not in (BETTER, WORSE):
        return ""
    size = number(abs(row[f"{HEADLINE}_difference"]))
    return f"{topology} was {row['verdict']} by {size} (corrected {p_text(row['p_corrected'])})"


def caution(summary: pd.DataFrame, notes: tuple[str, ...] = ()) -> str:
    """How the differences were tested, and what the tests do not show.

    Args:
        summary: The summary of a group.
        notes: The notes of the plan.
    """
    compared = topologies_of(summary)
    seeds = int(summary["n"].max())
    if seeds < 2:
        sentences = ["One seed gives no interval and no test: run at least five."]
    elif not len(compared):
        sentences = ["Nothing was compared."]
    else:
        count = f"the {len(compared)} topologies" if len(compared) > 1 else "one topology"
        sentences = [
            "The difference in AUC to the network without attention is tested by Student’s "
            "two-sided t-test, paired by seed, with Holm’s correction for multiple comparisons "
            f"over {count}.",
            _needed(compared, seeds),
        ]
    sentences += [
        control_sentence(summary),
        *notes,
        "The seeds show what another training would change, not what other test images would.",
    ]
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


def control_sentence(summary: pd.DataFrame) -> str:
    """What the test against the parameter-matched control shows; empty if there was none."""
    tested = summary[np.isfinite(summary["control_p_value"])]
    if not len(tested):
        return ""
    row = tested.iloc[0]
    found = {
        BETTER: "was better",
        WORSE: "was worse",
        UNDECIDED: "was not shown to differ",
    }[row["control_verdict"]]
    return (
        f"Compared with a plain network that has the same number of parameters, {row.name} {found} "
        f"(difference {signed(row['control_difference'])}, {p_text(row['control_p_value'])}; a "
        "single test beside the others)."
    )


def _needed(compared: pd.DataFrame, seeds: int) -> str:
    undecided = compared[(compared["verdict"] == UNDECIDED) & (compared["seeds_needed"] > seeds)]
    if not len(undecided):
        return ""
    row = undecided.sort_values("seeds_needed").iloc[0]
    return (
        f"Of the differences that were not shown, that of {row.name} "
        f"({signed(row[f'{HEADLINE}_difference'])}) would need the fewest seeds: with "
        f"{seeds_text(row['seeds_needed'])} it would be shown in {POWER:.0%} of such studies, if "
        f"it is real; there were {seeds}."
    )


def overview(analysis: Analysis) -> str:
    """The result of several groups, in one sentence."""
    summary = analysis.summary()
    verdicts = summary["verdict"][summary["verdict"] != ""]
    counts = {word: int((verdicts == word).sum()) for word in (BETTER, WORSE, UNDECIDED)}
    return (
        f"Of {len(verdicts)} comparisons with the network without attention, over "
        f"{len(analysis.results.groups)} image sets or training sizes, {counts[BETTER]} were "
        f"{BETTER}, {counts[WORSE]} were {WORSE}, and {counts[UNDECIDED]} were {UNDECIDED}."
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
