"""The page on the replication, from the stored trials of benchmarks.replication."""

from __future__ import annotations

from collections.abc import Iterable

import pandas as pd

from benchmarks import claims, stored_studies
from benchmarks.replication import MORE_SEEDS, SEEDS, progress, study_of
from benchmarks.tables import markdown
from docs import dense, factorial
from docs.forest import picture
from docs.pairing import pairing_part
from docs.themed import folded
from keras_attn.guideline.evidence import Finding
from keras_attn.guideline.law import FINE_GRAINED, REGIMES, RESIDUAL, Claim
from keras_attn.study.control import BASELINE, is_control
from keras_attn.study.question import HEADLINE, Question
from keras_attn.study.ranking import rank
from keras_attn.study.training import Training
from keras_attn.study.verdicts import BETTER, EQUIVALENT, UNDECIDED, WORSE
from keras_attn.study.wording import control_sentence, number, p_text, ranking_sentence, signed

START = """\
# Do the study's claims hold here?

{sentences}

{forest}

{short}

arXiv:2601.07310 chooses a topology by the size of the data set and the granularity of the task.
Its code sets no seeds and has no tests of significance. The claims are therefore tested here, on
real images, with several seeds and statistical tests. `python -m docs.generate` writes this page
from the stored trials in `benchmarks/results/replication`, and computes every number from them.

## What was run

Every topology, the network without attention and a plain network with the same number of
parameters as the largest topology ("matched"); AdamW at 3e-3 with cosine decay, scored on the test
images at the epoch that was best on the validation images.
`keras_attn.compare` ran them; the command for each is `python -m benchmarks.replication NAME`.
Hours are wall-clock time on a machine that also ran other programs.

The trials with {seeds} seeds were trained by the first version of the package, in which initial
weights were drawn in the order in which layers were constructed. They remain valid as results of
that version, and the differences are paired by seed through the order of the images. Since then
initial weights depend on the seed and the name of the layer; see [how trials are
paired](#how-trials-are-paired). Trials of the two kinds are never mixed: a study that was started
with the first version can be reported but not resumed. The studies with {more} seeds are therefore
new trainings, and each takes the place of the study of the same images with {seeds}, whose trials
remain in the repository.

{runs}

How far each planned study is:

{progress}

Limits: the networks are smaller and the trainings shorter than those of the paper. So few seeds
show only large differences. No set with more than 50,000 images, the paper's third regime, was
available. A size below the whole set is one stratified subset, the same for every seed, so the
intervals do not include the effect of another draw of images.
"""

CLAIMS = """\
## The claims

Each is a difference in mean AUC on the test images, paired by seed, with its 95 % interval: over
trainings, and in the studies with {more} seeds over trainings and test images. A claim is
**supported** where a positive difference is shown (two-sided paired t-test) that is not shown to be
within the margin of 0.01, **contradicted** where it is negative, **refuted within the margin**
where two one-sided tests show that the difference is smaller than the margin, and **undecided**
otherwise. The family of tests of each contrast is fixed in advance by the claim,
as the studies that it applies to: only these are tested, and Holm's method corrects over them. A
study in parentheses is one that the claim does not apply to: its difference is shown for
comparison.
"""

TABLES = """\
## Every topology

The mean AUC on the test images, the difference to the network without attention with its interval,
and the p-values of its tests for a difference and for equivalence within 0.01, corrected by Holm's
method over the topologies. In the studies with {more} seeds, intervals and tests account for other
trainings and other test images; the other verdicts rest on the seeds alone, because predictions
were not kept when these studies were trained. The plain network with the same number of parameters
is not one of the topologies: the one that it matches is tested against it, in a single test below
each table.
"""


def page() -> str:
    """The page."""
    names = stored_studies.complete_studies()
    tables = {name: stored_studies.results(name) for name in names}
    covariances = {name: stored_studies.image_covariance(name) for name in names}
    summaries = {name: stored_studies.summary(tables[name], covariances[name]) for name in names}
    found = claims.findings(tables, covariances) if tables else []
    more = MORE_SEEDS["seeds"]
    parts = [
        START.format(
            sentences=sentences(found, summaries) if tables else "No study is complete yet.",
            forest=picture(found) if tables else "",
            short=short(found),
            seeds=SEEDS,
            more=more,
            runs=markdown(runs(tables)) if tables else "No study is complete yet.",
            progress="\n".join(f"* {line}" for line in progress(forecast=False).splitlines()),
        )
    ]
    if tables:
        parts.append(CLAIMS.format(more=more))
        parts += [claim_part(claim, found) for claim in (*REGIMES, FINE_GRAINED, RESIDUAL)]
        parts.append(stability_part(tables))
        parts.append(ranking_part(tables))
        parts.append(pairing_part())
        parts.append(factorial.section())
        parts.append(dense.section())
        parts.append(TABLES.format(more=more))
        parts += [study_part(name, table, summaries[name]) for name, table in tables.items()]
    return "\n".join(parts)


def sentences(found: list[tuple[Finding, bool]], summaries: dict[str, pd.DataFrame]) -> str:
    """What came out, in three sentences."""
    tested = [finding for finding, applies in found if applies]
    compared = pd.concat(summaries.values())
    compared = compared[[not is_control(str(key)) for key in compared.index]]
    margin = f"{Question().margin:g} AUC"
    return (
        f"Of {len(tested)} tests of the claims of arXiv:2601.07310 on {len(summaries)} image sets "
        "and sizes, "
        f"{_counts(pd.Series([each.verdict for each in tested]), claims.WORDS.values())}. "
        f"Of {len(compared)} comparisons of a topology with no attention, "
        f"{_counts(compared['verdict'], (BETTER, WORSE, EQUIVALENT, UNDECIDED))}. "
        f"A claim is refuted, and a topology equivalent, where the difference is shown to be "
        f"smaller than {margin}; the networks are small, the trainings short, and few "
        "seeds decide only what is clear."
    )


def _counts(verdicts: pd.Series, words: Iterable[str]) -> str:
    """How many of each, in words."""
    counts = [(word, int((verdicts == word).sum())) for word in words]
    parts = [f"{count} {'is' if count == 1 else 'are'} {word}" for word, count in counts]
    return f"{', '.join(parts[:-1])} and {parts[-1]}"


def short(found: list[tuple[Finding, bool]]) -> str:
    """The result of each claim, one line per claim."""
    lines = []
    for claim in (*REGIMES, FINE_GRAINED, RESIDUAL):
        tested = [finding for finding, applies in found if applies and finding.claim == claim.name]
        counts = {
            word: sum(finding.verdict == word for finding in tested)
            for word in claims.WORDS.values()
        }
        said = ", ".join(f"{word} in {count}" for word, count in counts.items() if count)
        text = (
            f"{len(tested)} test{'s' * (len(tested) > 1)}: {said}" if tested else "not tested yet"
        )
        lines.append(f"* **{claim.name}** (“{claim.sentence}”): {text}.")
    return "\n".join(lines)


def runs(tables: dict[str, pd.DataFrame]) -> list[list[str]]:
    """What was trained, one row per study."""
    rows = [
        [
            "study",
            "network",
            "training images",
            "batch",
            "epochs",
            "seeds",
            "trials",
            "diverged",
            "hours",
        ]
    ]
    for name, table in tables.items():
        samples = int(table["train_samples"].iloc[0])
        study = study_of(name)
        config = Training(batch_size=study.batch_size).for_samples(samples)
        rows.append(
            [
                name,
                study.backbone,
                f"{samples:,}",
                str(config.batch_size),
                str(study.epochs),
                str(study.seeds),
                str(len(table)),
                str(int(table["diverged"].sum())),
                f"{table['seconds'].sum() / 3600:.2f}",
            ]
        )
    return rows


def claim_part(claim: Claim, found: list[tuple[Finding, bool]]) -> str:
    """The section of a claim."""
    rows = [
        ["contrast", "images", "difference", "95 % interval", "difference shown", "equivalence", ""]
    ]
    for finding, applies in found:
        if finding.claim == claim.name:
            place = f"{finding.dataset}, {finding.num_samples:,}"
            rows.append(
                [
                    finding.contrast,
                    place if applies else f"({place})",
                    signed(finding.difference),
                    f"{signed(finding.low)} to {signed(finding.high)}",
                    *(
                        "–" if p is None else p_text(p)
                        for p in (finding.p_corrected, finding.p_equivalent)
                    ),
                    finding.verdict if applies else "",
                ]
            )
    start = f"### {claim.name}\n\n“{claim.sentence}”. {claim.reading}\n\n"
    return start + folded("The differences", f"{markdown(rows)}\n")


def stability_part(tables: dict[str, pd.DataFrame]) -> str:
    """Whether the scores of one order vary less over the seeds than those of the other."""
    rows = [["images", "seeds", "standard deviation of sca", "of csa", "of none"]]
    for table in tables.values():
        spread = table.groupby("topology")[HEADLINE].std()
        place = f"{table['dataset'].iloc[0]}, {table['train_samples'].iloc[0]:,}"
        seeds = str(table["seed"].nunique())
        rows.append([place, seeds, *(number(spread[key]) for key in ("sca", "csa", BASELINE))])
    return (
        "### Stability\n\nThe claim on fine-grained tasks also says “more stable”. The standard "
        "deviation of the AUC is a rough estimate with so few seeds:\n\n"
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


def study_part(name: str, table: pd.DataFrame, summary: pd.DataFrame) -> str:
    """All networks of a study."""
    rows = [
        [
            "network",
            "AUC",
            "difference",
            "95 % interval",
            "difference shown",
            "equivalence",
            "",
            "accuracy",
        ]
    ]
    for key, row in summary.iterrows():
        rows.append(
            [
                str(key),
                number(row[HEADLINE]),
                signed(row[f"{HEADLINE}_difference"]),
                "" if key == BASELINE else stored_studies.interval_text(row),
                *(
                    "" if is_control(str(key)) else p_text(row[name])
                    for name in ("p_corrected", "p_equivalent")
                ),
                row["verdict"],
                number(row["accuracy"]),
            ]
        )
    sentence = control_sentence(summary)
    title = f"{name}, {table['train_samples'].iloc[0]:,} training images"
    return folded(title, f"{markdown(rows)}\n" + (f"\n{sentence}\n" if sentence else ""))
