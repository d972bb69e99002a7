"""The page on published training protocols, from benchmarks.protocols."""

from __future__ import annotations

from typing import Any

from matplotlib.figure import Figure

from benchmarks import protocols
from benchmarks.protocols import EPOCHS, PASSES, SUSTAINED, TABLES, gpu_hours
from benchmarks.tables import markdown
from docs.themed import themed_figure
from keras_attn.study.inline_pictures import PAGE_PALETTE
from keras_attn.study.protocols import PROTOCOLS, Protocol
from keras_attn.study.training_words import training_in_words

PAGE = """\
# Training protocols

Published results depend on how the networks were trained. `--protocol` trains as a paper did, with
every other part of a comparison as usual: seeds, a control with the same number of parameters,
tests and a report. GAM's table for CIFAR-100, for example, is one command:

```sh
keras-attn compare cifar100 --protocol cifar-200 --model resnet50 \\
    --topologies se,bam,cbam,gam --select test
```

{settings}

{differences}

Single options change a protocol, and with another number of `--epochs` its schedule is scaled.
`--dtype mixed_bfloat16` trains in mixed precision. `--select test` chooses the epoch by the test
images, as the authors of some tables did; the scores are then too high, and the report says so.

## What a table costs

The full tables have not been run here, because they need an accelerator. `keras_attn.cost` counts
the multiply-accumulates of each network; a training takes about {passes} times those of its forward
passes. GPU hours assume a device that sustains {sustained:.0f}e12 multiply-accumulates per second,
a fifth of what the data sheet of an A100 gives for bfloat16. Small networks on small images sustain
less.

{costs}

The control with the same number of parameters is one more training per seed.

{run}
"""

RUN = """\
## A shortened run

The protocol `cifar-200` on CIFAR-10, shortened to {epochs} epochs: a resnet20, {samples:,} training
images, one seed, on a CPU with {backend}. One seed of a short training decides nothing; the curves
show that the protocol trains. `python -m benchmarks.protocols --data-dir DIR` runs it.

{figure}

{table}
"""

CAPTION = "Accuracy on the validation images after each epoch."


def page() -> str:
    """The page."""
    columns = ["Batch size", "Optimiser", "Augmentation"]
    settings = [["protocol", "epochs", *(each.lower() for each in columns), "source"]]
    for name, each in PROTOCOLS.items():
        words = training_in_words(each.training)
        epochs = str(each.training.epochs)
        settings.append([f"`{name}`", epochs, *(words[column] for column in columns), each.source])
    differing: list[Protocol] = [each for each in PROTOCOLS.values() if each.difference]
    return PAGE.format(
        settings=markdown(settings).replace("---:", "---"),
        differences="\n".join(f"* `{each.name}`: {each.difference}" for each in differing),
        passes=PASSES,
        sustained=SUSTAINED / 1e12,
        costs=markdown(_costs()),
        run=_run() if protocols.FILE.exists() else "",
    )


def _costs() -> list[list[str]]:
    rows = [["protocol", "network", "variant", "MACs per image", "GPU hours per seed"]]
    return rows + [
        [
            f"`{table.protocol}`",
            f"{table.network}, {table.images:,} images of {table.image_shape[0]} pixels",
            variant,
            f"{macs / 1e9:.2f} G",
            f"{gpu_hours(table, macs):.2g}",
        ]
        for table in TABLES
        for variant, macs in protocols.stored_costs()[table.protocol].items()
    ]


def _run() -> str:
    content = protocols.stored()
    rows = [["variant", "test accuracy"]]
    rows += [[name, f"{trial['accuracy']:.3f}"] for name, trial in content["trials"].items()]
    return RUN.format(
        epochs=EPOCHS,
        samples=content["train_samples"],
        backend=content["versions"]["backend"],
        figure=themed_figure("protocol-run", _curves(content["trials"]), CAPTION),
        table=markdown(rows),
    )


def _curves(trials: dict[str, Any]) -> Figure:
    figure = Figure(figsize=(6.5, 3), layout="constrained")
    axes = figure.subplots()
    colours = (PAGE_PALETTE.accent, PAGE_PALETTE.text, PAGE_PALETTE.faint)
    for colour, (variant, trial) in zip(colours, trials.items(), strict=False):
        epochs = [point["epoch"] for point in trial["curve"]]
        accuracy = [point["val_accuracy"] for point in trial["curve"]]
        axes.plot(epochs, accuracy, marker="o", markersize=4, color=colour, label=variant)
    axes.legend(loc="upper left", frameon=False, labelcolor="linecolor", fontsize=9)
    axes.set_xlabel("epoch", color=PAGE_PALETTE.faint, fontsize=9)
    axes.tick_params(colors=PAGE_PALETTE.faint, labelsize=9)
    for name, side in axes.spines.items():
        side.set_visible(name in ("left", "bottom"))
        side.set_color(PAGE_PALETTE.grid)
    return figure
