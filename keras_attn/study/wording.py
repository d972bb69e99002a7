"""What a comparison says in sentences: of its differences, no more than the tests support."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from keras_attn.study.control import BASELINE
from keras_attn.study.plan import Group
from keras_attn.study.ranking import LEAST_BLOCKS, LEAST_NETWORKS, Ranking
from keras_attn.study.statistics import BETTER, HEADLINE, POWER, UNDECIDED, WORSE

if TYPE_CHECKING:
    from keras_attn.study.comparison import Comparison


#: Names in a sentence; of more, their number is told.
MOST_NAMES = 6


def answer(comparison: Comparison, group: Group, summary: pd.DataFrame) -> str:
    """What was found in one group, in one sentence."""
    plan = comparison.plan
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
    compared = summary.drop(index=BASELINE)
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


def _supported(topology: str, row: pd.Series) -> str:
    """A difference that the corrected test supports, in words; else nothing."""
    if row["verdict"] not in (BETTER, WORSE):
        return ""
    size = number(abs(row[f"{HEADLINE}_difference"]))
    return f"{topology} was {row['verdict']} by {size} (corrected {p_text(row['p_corrected'])})"


def caution(summary: pd.DataFrame) -> str:
    """How it was tested, and what may not be read into it."""
    compared = summary.drop(index=BASELINE, errors="ignore")
    seeds = int(summary["n"].max())
    if seeds < 2:
        text = "One seed gives no interval and no test: run at least five."
    elif not len(compared):
        text = "Nothing was compared."
    else:
        text = (
            "Tested is the difference in AUC to the network without attention, by Student’s "
            "t-test, two-sided, paired by seed, and corrected by Holm’s method for the "
            f"{len(compared)} networks that are compared with it. "
        ) + _needed(compared, seeds)
    text += (
        " The seeds tell what another training would change, and not what other test images would."
    )
    if summary["diverged"].any():
        text += (
            " Trials whose loss stopped being a number are counted as diverged, and are in no mean."
        )
    if summary["failed"].any():
        text += " Trials that failed are in no mean; their errors are listed below."
    return text


def _needed(compared: pd.DataFrame, seeds: int) -> str:
    undecided = compared[(compared["verdict"] == UNDECIDED) & (compared["seeds_needed"] > seeds)]
    if not len(undecided):
        return ""
    row = undecided.sort_values("seeds_needed").iloc[0]
    return (
        f"Of the differences that were not shown, that of {row.name} "
        f"({signed(row[f'{HEADLINE}_difference'])}) would need the fewest seeds: "
        f"{seeds_text(row['seeds_needed'])}, to be found in {POWER:.0%} of such studies if it is "
        f"what it seems; there were {seeds}."
    )


def overview(comparison: Comparison) -> str:
    """What was found over several groups, in one sentence."""
    summary = comparison.summary()
    compared = summary[summary.index.get_level_values("topology") != BASELINE]
    counts = {word: int((compared["verdict"] == word).sum()) for word in (BETTER, WORSE, UNDECIDED)}
    return (
        f"Of {len(compared)} comparisons with the network without attention, over "
        f"{len(comparison.groups)} image sets or training sizes, {counts[BETTER]} were "
        f"{BETTER}, {counts[WORSE]} were {WORSE}, and {counts[UNDECIDED]} were {UNDECIDED}."
    )


def ranking_sentence(ranking: Ranking | None) -> str:
    """What Friedman's test says."""
    if ranking is None:
        return (
            f"Ranks over image sets are tested where there are at least {LEAST_BLOCKS} image sets "
            f"or sizes and {LEAST_NETWORKS} networks."
        )
    found = "are shown to differ" if ranking.differs else "are not shown to differ"
    return (
        f"Over {ranking.blocks} image sets or sizes the networks {found} in their ranks "
        f"(Friedman’s test, {p_text(ranking.p_value)}). Two mean ranks are shown to differ if they "
        f"are further apart than the critical difference of {ranking.critical_difference:.2f} "
        "(Nemenyi). Sizes of one image set are not independent of each other, which the test does "
        "not know."
    )


def listed(names: list[str]) -> str:
    """Names in a sentence."""
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


def number(value: float) -> str:
    """Three decimals, or a dash for what is not known."""
    return f"{value:.3f}" if np.isfinite(value) else "–"


def signed(value: float) -> str:
    """A difference with its sign, which a zero has none of, or a dash."""
    if not np.isfinite(value):
        return "–"
    return f"{value:+.3f}".replace("-", "−") if round(value, 3) else "0.000"


def p_text(value: float) -> str:
    """A p-value, or a dash; with a digit more where it would read as the threshold itself."""
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
