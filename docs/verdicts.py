"""The page on how often verdicts are wrong, from the results of benchmarks.verdicts."""

from __future__ import annotations

import json

from benchmarks import verdicts
from keras_attn.study.inference import LEVEL, POWER
from keras_attn.study.question import MARGIN
from keras_attn.study.verdicts import LEAST_SEEDS

START = """\
# Verdicts

Before training, a comparison fixes one headline metric (`headline`, AUC by default) and the
smallest difference in it that matters (`margin`, {margin:g} by default for metrics between 0 and
1). Both are stored with the study. Each variant then has one of four verdicts:

| verdict | when |
|---|---|
| equivalent | two one-sided paired t-tests show that the difference is within the margin |
| better, worse | a two-sided paired t-test shows a difference, not shown to be within it |
| undecided | neither is shown, or there are fewer than {least} seeds |

If a difference is shown that is also shown to be within the margin, the verdict is equivalent, and
the report says that a smaller difference is shown. For undecided variants, the report says how many
more seeds would decide in {power} of such studies, if the difference is what it seems to be.

## How the error level is shared

The probability of any wrong statement about any of the variants is at most {level}: of calling a
variant better or worse that is not, or of calling a variant equivalent that is not within the
margin. A true difference is not both zero and at least as large as the margin, so at most one of
the two hypotheses about a variant is true. Holm's step-down correction therefore multiplies
p-values by the number of variants of which a hypothesis is left, not by the number of hypotheses
(J. P. Shaffer, "Modified Sequentially Rejective Multiple Test Procedures", JASA 81, 1986). If the
two kinds of test were corrected as two separate families, the probability could reach twice as
much.

All this is about the seeds, which show what another training would change. It says nothing about
other test images. Other metrics than the headline are exploratory: their intervals are not
corrected, and they have no verdict.

## How often verdicts are wrong

Simulated by `{command}`, with {studies:,} studies for each setting and the code that
every report uses: the share of studies in which any variant has a wrong verdict. Each row shows the
largest share over spreads between {low:g} and {high:g} margins. The columns "better or worse" and
"equivalent" are about three variants. A share of 5 % has a standard error of {error:.2f} percentage
points here, so the largest of four such shares is somewhat above the true share. A true difference
of half the margin makes "equivalent", "better" and "undecided" right.

"""


def page() -> str:
    """The page."""
    results = json.loads(verdicts.RESULTS.read_text(encoding="utf-8"))
    start = START.format(
        margin=MARGIN,
        least=LEAST_SEEDS,
        power=f"{POWER:.0%}".replace("%", " %"),
        level=f"{LEVEL:.0%}".replace("%", " %"),
        command=results["made_by"],
        studies=results["studies"],
        low=min(verdicts.SPREADS),
        high=max(verdicts.SPREADS),
        error=100 * (0.05 * 0.95 / results["studies"]) ** 0.5,
    )
    return f"{start}{verdicts.table(results)}\n"
