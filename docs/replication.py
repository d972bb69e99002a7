"""The page on the replication, from the stored trials of benchmarks.replication."""

from __future__ import annotations

import pandas as pd

from benchmarks import claims
from benchmarks.replication import SEEDS, STUDIES, progress
from benchmarks.tables import markdown
from keras_attn.guideline.evidence import Finding
from keras_attn.guideline.law import FINE_GRAINED, REGIMES, RESIDUAL, Claim
from keras_attn.study.configuration import TrainingConfig
from keras_attn.study.control import BASELINE, is_control
from keras_attn.study.ranking import rank
from keras_attn.study.statistics import HEADLINE, summarise
from keras_attn.study.wording import number, p_text, ranking_sentence, signed

START = """\
# Do the study's claims hold here?

arXiv:2601.07310 chooses a topology by the size of the data set and the granularity of the task.
Its code names no seeds and no tests of significance. So the claims are tested here, on real
images, with seeds and tests. This page is written from the stored trials in
`benchmarks/results/replication` by `python -m docs.generate`; every figure comes from them.

## In short

{short}

## What was run

Every topology, the network without attention and a plain network with as many weights as the
largest topology ("matched"), each with {seeds} seeds; AdamW at 3e-3 with cosine decay,
judged on the test images at the epoch that was best on the validation images. `keras_attn.compare`
ran them; the command for each is `python -m benchmarks.replication NAME`. Hours are those of the
clock, with all that the machine did besides.

{runs}

How far each planned study is:

{progress}

What this cannot say: the network is small and the trainings are short; the paper's networks and
schedules are others. Five seeds show large differences only. Images above 50,000, the paper's third
regime, are not among the sets that were at hand. A size below the whole set is one stratified
subset, the same for every seed, so what another draw of images would change is not in the
intervals.
"""

CLAIMS = """\
## The claims

Each is a difference in mean AUC on the test images, paired by seed, with its 95 % interval;
p-values are of two-sided paired t-tests, corrected by Holm's method over the image sets and sizes
on which a contrast was tested. A row in parentheses is one of which the claim says nothing: it is
there to compare with. "Not shown" is not "shown to be nothing": the interval says how large a
difference there may be.
"""

TABLES = """\
## Every topology

The mean AUC on the test images, the difference to the network without attention with its interval,
and the p-value of its paired t-test, corrected by Holm's method over the rows.
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
        parts.append(TABLES)
        parts += [study_part(name, table) for name, table in tables.items()]
    return "\n".join(parts)


def short(found: list[tuple[Finding, bool]], tables: dict[str, pd.DataFrame]) -> str:
    """What came of each claim, a line each."""
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
        summaries = [summarise(table) for table in tables.values()]
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
    """What was trained, a row a study."""
    rows = [
        ["study", "network", "training images", "batch", "epochs", "trials", "diverged", "hours"]
    ]
    for name, table in tables.items():
        samples = int(table["train_samples"].iloc[0])
        config = TrainingConfig(batch_size=STUDIES[name].batch_size).for_samples(samples)
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
    """Whether one order varies less over the seeds than the other."""
    rows = [["images", "standard deviation of sca", "of csa", "of none"]]
    for table in tables.values():
        spread = table.groupby("topology")[HEADLINE].std()
        place = f"{table['dataset'].iloc[0]}, {table['train_samples'].iloc[0]:,}"
        rows.append([place, *(number(spread[key]) for key in ("sca", "csa", BASELINE))])
    return (
        "### Stability\n\nThe claim on fine-grained tasks says “more stable”, too. The standard "
        f"deviation of the AUC over {SEEDS} seeds, which so few seeds tell only roughly:\n\n"
        f"{markdown(rows)}\n"
    )


def ranking_part(tables: dict[str, pd.DataFrame]) -> str:
    """The ranks over all studies."""
    ranking = rank(pd.concat(tables.values()))
    text = f"## Ranks\n\n{ranking_sentence(ranking)}\n"
    if ranking is None:
        return text
    rows = [["network", "mean rank"], *([key, f"{r:.1f}"] for key, r in ranking.ranks.items())]
    return f"{text}\n{markdown(rows)}\n"


def study_part(name: str, table: pd.DataFrame) -> str:
    """All networks of a study."""
    summary = summarise(table)
    rows = [["network", "AUC", "difference", "95 % interval", "corrected p", "", "accuracy"]]
    for key, row in summary.iterrows():
        ends = [signed(row[f"{HEADLINE}_difference_{end}"]) for end in ("low", "high")]
        rows.append(
            [
                str(key),
                number(row[HEADLINE]),
                signed(row[f"{HEADLINE}_difference"]),
                "" if key == BASELINE else " to ".join(ends),
                "" if key == BASELINE else p_text(row["p_corrected"]),
                row["verdict"],
                number(row["accuracy"]),
            ]
        )
    return f"### {name}, {table['train_samples'].iloc[0]:,} training images\n\n{markdown(rows)}\n"
