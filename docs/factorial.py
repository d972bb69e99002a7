"""The section on the factorial study of topologies and gates of the page of the replication."""

from __future__ import annotations

from matplotlib.figure import Figure

from benchmarks import gates
from benchmarks.tables import markdown
from docs.themed import themed_figure
from keras_attn.guideline.evidence import choices
from keras_attn.study.inline_pictures import PAGE_PALETTE
from keras_attn.study.plots import draw_effects
from keras_attn.study.wording import p_text, signed

SECTION = """\
## Which choice matters: topology, channel gate or spatial gate?

Each of {topologies} topologies with each of {channel} channel gates and {spatial} spatial gates, in
{variants} of the {all} combinations, chosen so that the three choices can be told apart: a
{model} on {samples} training images of {datasets}, {epochs} epochs, {seeds} seeds, {trials}
trainings. A linear model of the AUC has one term for each level of each choice, and blocks for the
image set and the seed. {sentence}

{figure}

{tests}

The F-test asks whether a choice matters at all, beside the other two; p is corrected for three
tests. The share is that of the variance within the blocks. `python -m benchmarks.gates --data-dir
DIR` runs the study.
"""

CAPTION = (
    "Main effects: the difference in AUC to the mean over the levels of the same choice, with 95 % "
    "intervals over trainings, which are not corrected."
)


def section() -> str:
    """The section; empty until the study has been run."""
    if not gates.FILE.exists():
        return ""
    results, content = gates.stored()
    effects = gates.effects(results)
    figure = Figure(figsize=(8.5, 1 + 0.3 * len(effects)), layout="constrained")
    axes = figure.subplots()
    draw_effects(axes, effects, PAGE_PALETTE)
    axes.set_xlabel("effect on the AUC", color=PAGE_PALETTE.text, fontsize=9)
    rows = [["choice", "F", "p", "share", "best", "worst"]]
    for factor, row in gates.tests(results).iterrows():
        found = effects.loc[factor]["effect"]
        ends = [
            f"{found.idxmax()} {signed(found.max())}",
            f"{found.idxmin()} {signed(found.min())}",
        ]
        numbers = [f"{row['F']:.2f}", p_text(row["p_corrected"]), f"{row['share']:.0%}"]
        rows.append([str(factor), *numbers, *ends])
    settings = content["settings"]
    variants = gates.design()
    trained = int(results["variant"].isin(variants).sum())
    return SECTION.format(
        topologies=len(gates.TOPOLOGIES),
        channel=len(gates.CHANNEL),
        spatial=len(gates.SPATIAL),
        variants=len(variants),
        all=len(gates.TOPOLOGIES) * len(gates.CHANNEL) * len(gates.SPATIAL),
        model=settings["model"],
        samples=settings["samples"],
        datasets=", ".join(gates.DATASETS),
        epochs=settings["epochs"],
        seeds=settings["seeds"],
        trials=trained,
        sentence=choices(),
        figure=themed_figure("factorial", figure, CAPTION),
        tests=markdown(rows),
    )
