"""The page on the replication, from the stored trials of benchmarks.replication."""

from __future__ import annotations

import json

import pandas as pd

from benchmarks import claims, pairing
from benchmarks.replication import SEEDS, STUDIES, progress
from benchmarks.tables import markdown
from keras_attn.guideline.evidence import Finding
from keras_attn.guideline.law import FINE_GRAINED, REGIMES, RESIDUAL, Claim
from keras_attn.study.control import BASELINE, is_control
from keras_attn.study.inference import corrected
from keras_attn.study.question import HEADLINE
from keras_attn.study.ranking import rank
from keras_attn.study.summary import summarise
from keras_attn.study.training import Training
from keras_attn.study.verdicts import shown
from keras_attn.study.wording import control_sentence, number, p_text, ranking_sentence, signed

START = """\
# Do the study's claims hold here?

arXiv:2601.07310 chooses a topology by the size of the data set and the granularity of the task.
Its code sets no seeds and has no tests of significance. The claims are therefore tested here, on
real images, with several seeds and statistical tests. `python -m docs.generate` writes this page
from the stored trials in `benchmarks/results/replication`, and computes every number from them.

## In short

{short}

## What was run

Every topology, the network without attention and a plain network with the same number of
parameters as the largest topology ("matched"), each with {seeds} seeds; AdamW at 3e-3 with cosine
decay, scored on the test images at the epoch that was best on the validation images.
`keras_attn.compare` ran them; the command for each is `python -m benchmarks.replication NAME`.
Hours are wall-clock time on a machine that also ran other programs.

These trials were trained by the first version of the package, in which initial weights were drawn
in the order in which layers were constructed. They remain valid as results of that version, and
the differences are paired by seed through the order of the images. Since then initial weights
depend on the seed and the name of the layer; see [how trials are paired](#how-trials-are-paired).
Trials of the two kinds are never mixed: a study that was started with the first version can be
reported but not resumed.

{runs}

How far each planned study is:

{progress}

Limits: the networks are smaller and the trainings shorter than those of the paper. Five seeds show
only large differences. No set with more than 50,000 images, the paper's third regime, was
available. A size below the whole set is one stratified subset, the same for every seed, so the
intervals do not include the effect of another draw of images.
"""

CLAIMS = """\
## The claims

Each is a difference in mean AUC on the test images, paired by seed, with its 95 % interval;
p-values are those of two-sided paired t-tests. The family of tests of each contrast is fixed in
advance by the claim, as the studies that it applies to: only these are tested, and Holm's method
corrects over them. An earlier version of this page corrected over all studies, including those that
a claim does not apply to. A study in parentheses is one that the claim does not apply to: its
difference is shown for comparison and is not tested. "Not shown" does not mean that there is no
difference: the interval shows how large the difference may be.
"""

PAIRING = """\
## How trials are paired

All topologies with the same seed see the same images in the same order, with the same augmentation,
and since the second version of the study they also start with equal weights in all layers that they
share: the initial weights of a layer depend on the seed and on its name alone. Before, Keras drew
them in the order in which layers are constructed, and a network with attention had only its first
layers in common with the network without.

What this changes was measured with `python -m benchmarks.pairing`: {backbone}, {epochs} epochs,
{seeds} seeds, AUC of csa minus AUC of none on the test images. A smaller standard deviation of the
paired differences means that fewer seeds show a difference of the same size; a higher correlation
means that a seed that is good for one network is good for the other.

{table}

With {seeds} seeds a standard deviation has a standard error of 11 %. On breastmnist the pairing
reduces it by a third. On digits the correlation rises, but the standard deviation hardly changes,
because csa by itself varies more from seed to seed than before. On pneumoniamnist nothing changes
beyond the error. Pairing the initial weights therefore helps on some sets, and costs nothing.
"""

TABLES = """\
## Every topology

The mean AUC on the test images, the difference to the network without attention with its interval,
and the p-value of its paired t-test, corrected by Holm's method over the topologies. The plain
network with the same number of parameters is not one of them: the topology that it matches is
tested against it, in a single test below each table.
"""


def page() -> str:
    """The page."""
    tables = {name: claims.results(name) for name in claims.complete_studies()}
    found = claims.findings(tables) if tables else []
    parts = [
        START.format(
            short=short(found, tables),
            seeds=SEEDS,
            runs=markdown(runs(tables)) if tables else "No study is complete yet.",
            progress="\n".join(f"* {line}" for line in progress(forecast=False).splitlines()),
        )
    ]
    if tables:
        parts.append(CLAIMS)
        parts += [claim_part(claim, found) for claim in (*REGIMES, FINE_GRAINED, RESIDUAL)]
        parts.append(stability_part(tables))
        parts.append(ranking_part(tables))
        parts.append(pairing_part())
        parts.append(TABLES)
        parts += [study_part(name, table) for name, table in tables.items()]
    return "\n".join(parts)


def short(found: list[tuple[Finding, bool]], tables: dict[str, pd.DataFrame]) -> str:
    """The result of each claim, one line per claim."""
    lines = []
    for claim in (*REGIMES, FINE_GRAINED, RESIDUAL):
        tested = [finding for finding, applies in found if applies and finding.claim == claim.name]
        counts = {
            word: sum(finding.verdict == word for finding in tested)
            for word in ("supported", "contradicted", "not shown")
        }
        said = ", ".join(f"{word} in {count}" for word, count in counts.items() if count)
        text = (
            f"{len(tested)} test{'s' * (len(tested) > 1)}: {said}" if tested else "not tested yet"
        )
        lines.append(f"* **{claim.name}** (“{claim.sentence}”): {text}.")
    if tables:
        summaries = [differences(table) for table in tables.values()]
        compared = pd.concat(
            [each[[not is_control(key) for key in each.index]] for each in summaries]
        )
        better, worse = ((compared["verdict"] == word).sum() for word in ("better", "worse"))
        lines.append(
            f"* **Attention against none**: of {len(compared)} comparisons of a topology with the "
            f"network without attention, {better} are shown to be better and {worse} worse."
        )
    return "\n".join(lines)


def runs(tables: dict[str, pd.DataFrame]) -> list[list[str]]:
    """What was trained, one row per study."""
    rows = [
        ["study", "network", "training images", "batch", "epochs", "trials", "diverged", "hours"]
    ]
    for name, table in tables.items():
        samples = int(table["train_samples"].iloc[0])
        config = Training(batch_size=STUDIES[name].batch_size).for_samples(samples)
        rows.append(
            [
                name,
                STUDIES[name].backbone,
                f"{samples:,}",
                str(config.batch_size),
                str(STUDIES[name].epochs),
                str(len(table)),
                str(int(table["diverged"].sum())),
                f"{table['seconds'].sum() / 3600:.2f}",
            ]
        )
    return rows


def claim_part(claim: Claim, found: list[tuple[Finding, bool]]) -> str:
    """The section of a claim."""
    rows = [["contrast", "images", "difference", "95 % interval", "corrected p", ""]]
    for finding, applies in found:
        if finding.claim == claim.name:
            place = f"{finding.dataset}, {finding.num_samples:,}"
            rows.append(
                [
                    finding.contrast,
                    place if applies else f"({place})",
                    signed(finding.difference),
                    f"{signed(finding.low)} to {signed(finding.high)}",
                    "–" if finding.p_corrected is None else p_text(finding.p_corrected),
                    finding.verdict if applies else "",
                ]
            )
    return f"### {claim.name}\n\n“{claim.sentence}”. {claim.reading}\n\n{markdown(rows)}\n"


def stability_part(tables: dict[str, pd.DataFrame]) -> str:
    """Whether the scores of one order vary less over the seeds than those of the other."""
    rows = [["images", "standard deviation of sca", "of csa", "of none"]]
    for table in tables.values():
        spread = table.groupby("topology")[HEADLINE].std()
        place = f"{table['dataset'].iloc[0]}, {table['train_samples'].iloc[0]:,}"
        rows.append([place, *(number(spread[key]) for key in ("sca", "csa", BASELINE))])
    return (
        "### Stability\n\nThe claim on fine-grained tasks also says “more stable”. The standard "
        f"deviation of the AUC over {SEEDS} seeds is a rough estimate with so few seeds:\n\n"
        f"{markdown(rows)}\n"
    )


def pairing_part() -> str:
    """The spread of paired differences under both rules for initial weights."""
    content = json.loads(pairing.FILE.read_text(encoding="utf-8"))
    rows = [["images", "initial weights", "difference", "standard deviation", "correlation"]]
    seeds = 0
    for name, rules in content["auc"].items():
        for rule, scores in rules.items():
            spread = pairing.spread(scores)
            seeds = len(scores[BASELINE])
            rows.append(
                [
                    name,
                    rule,
                    signed(spread.difference),
                    f"{spread.deviation:.4f}",
                    f"{spread.correlation:.2f}".replace("-", "−"),
                ]
            )
    return PAIRING.format(
        backbone=content["backbone"], epochs=content["epochs"], seeds=seeds, table=markdown(rows)
    )


def ranking_part(tables: dict[str, pd.DataFrame]) -> str:
    """The ranks over all studies."""
    ranking = rank(pd.concat(tables.values()))
    text = f"## Ranks\n\n{ranking_sentence(ranking)}\n"
    if ranking is None:
        return text
    rows = [["network", "mean rank"], *([key, f"{r:.1f}"] for key, r in ranking.ranks.items())]
    return f"{text}\n{markdown(rows)}\n"


def differences(table: pd.DataFrame) -> pd.DataFrame:
    """The summary of a study, with tests for a difference alone, corrected by Holm's method."""
    summary = summarise(table)
    p_values = corrected(summary["p_value"].to_numpy())
    gains = summary[f"{HEADLINE}_difference"]
    verdicts = [
        "" if is_control(str(key)) else shown(gain, p)
        for key, gain, p in zip(summary.index, gains, p_values, strict=True)
    ]
    return summary.assign(p_corrected=p_values, verdict=verdicts)


def study_part(name: str, table: pd.DataFrame) -> str:
    """All networks of a study."""
    summary = differences(table)
    rows = [["network", "AUC", "difference", "95 % interval", "corrected p", "", "accuracy"]]
    for key, row in summary.iterrows():
        ends = [signed(row[f"{HEADLINE}_difference_{end}"]) for end in ("low", "high")]
        rows.append(
            [
                str(key),
                number(row[HEADLINE]),
                signed(row[f"{HEADLINE}_difference"]),
                "" if key == BASELINE else " to ".join(ends),
                "" if is_control(str(key)) else p_text(row["p_corrected"]),
                row["verdict"],
                number(row["accuracy"]),
            ]
        )
    sentence = control_sentence(summary)
    return (
        f"### {name}, {table['train_samples'].iloc[0]:,} training images\n\n{markdown(rows)}\n"
        + (f"\n{sentence}\n" if sentence else "")
    )
