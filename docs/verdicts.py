"""The page on how often verdicts are wrong, from the results of benchmarks.verdicts."""

from __future__ import annotations

import json

from benchmarks import verdict_images, verdicts
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
| equivalent | two one-sided t-tests show that the difference is within the margin |
| better, worse | a two-sided t-test shows a difference, not shown to be within it |
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

Other metrics than the headline are exploratory: their intervals are not corrected, and they have
no verdict.

## Trainings and test images

Seeds show what another training would change. They do not show what other test images would
change, because all networks are tested on the same images. A comparison therefore keeps the
predictions of every trial for every test image. The variance of a mean difference is then the sum
of two parts:

* over trainings, the variance of the differences between the seeds, divided by their number;
* over test images, the variance of the difference, averaged over the seeds, from the influence of
  each image on the metric. For the AUC this is the method of DeLong. Images of one group, such as a
  patient, count together.

Tests use Student's t-distribution with the degrees of freedom of Welch and Satterthwaite. The
report shows both intervals: the one over trainings, and the one "with images". Where no predictions
were kept (`--no-predictions`, or studies of earlier versions), verdicts rest on the seeds alone,
and the report says so. Where more seeds could not decide, it says how many times as many test
images would.

Simulated by `{images_command}`, with {images_studies:,} studies for each setting of three variants:
two networks disagree on 10 % of the test images, and a training's own effect has a standard
deviation of {per_training:g}; the margin is {margin:g}. "Coverage" is how often the 95 % interval
contains the true difference. The last two columns are what intervals and verdicts over the seeds
alone would be if they were taken for statements about other images.

{images_table}

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
    images = json.loads(verdict_images.RESULTS.read_text(encoding="utf-8"))
    start = START.format(
        margin=MARGIN,
        least=LEAST_SEEDS,
        power=f"{POWER:.0%}".replace("%", " %"),
        level=f"{LEVEL:.0%}".replace("%", " %"),
        command=results["made_by"],
        studies=results["studies"],
        images_command=images["made_by"],
        images_studies=images["studies"],
        images_table=verdict_images.table(images),
        per_training=verdict_images.PER_TRAINING,
        low=min(verdicts.SPREADS),
        high=max(verdicts.SPREADS),
        error=100 * (0.05 * 0.95 / results["studies"]) ** 0.5,
    )
    return f"{start}{verdicts.table(results)}\n"
