"""Sections of the page on speed about networks: the training step, larger ones, and studies."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from benchmarks import own_model, tables

NETWORK = """\
## A whole network

A training step of the network that `keras_attn.compare` trains (resnet20, ten classes, AdamW),
without attention ("none") and with it in every block, against the same network in plain PyTorch.
Where a comparison trains on the CPU, TensorFlow runs without XLA, PyTorch as it stands ("eager"),
and JAX compiles. "Of none" is what attention costs a user of that backend; the rest of the
difference to plain PyTorch belongs to the network and is there without attention, too.

"""

EARLIER = """\
With every variant, on another machine and before the latest changes of `keras_attn/kernels`:

"""

STUDY = """\
## A study

`keras_attn.compare` trains all seeds of a topology with one compiled network. Trials an hour beside
those of the plain loop, which builds and compiles every trial anew, in one run of
`python -m benchmarks.study` each: what compiling takes beside training decides how much is saved.
The figures of this section are older than the latest changes of gates. With the changes below,
`keras-attn compare digits --topologies csa --seeds 2 --epochs 10` on TensorFlow took 130 s, and
210 s with the package of 2026-11-25 (one run each, two cores, from the start of the command to its
report).

On TensorFlow, a comparison updates the weights in few operations: Keras evaluates the schedule of
the learning rate for each variable, and AdamW in about 30 operations per variable. A training step
of resnet20 on images of 8x8 pixels has 2,560 operations in place of 5,976, and with CSA 5,926 in
place of 11,511, since its gates need fewer, too. Tracing them takes 1.5 to 1.9 s in place of 4.0 to
4.3 s, and with CSA 4.2 to 5.2 s in place of 8.1 to 8.3 s (two to four runs on one core).

On Linux, every process of a comparison keeps the memory that a step frees, and so does the command
`keras-attn`. The C library otherwise returns it to the system, and the next step waits for empty
pages: for resnet20 on JAX with 64 images of 32x32 pixels, 25,000 page faults per step, with CSA
40,000, about a tenth of the processor time. On a virtual machine the wait can be longer than the
computation: three trials with resnet8 on TensorFlow (1,000 images of PneumoniaMNIST, 3 epochs, one
core) took 110 s with 6.7 million page faults before, and 66 s with 0.1 million now; the peak of the
memory rose from 1,033 to 1,068 MB. To have the same in your own training, start it with
`MALLOC_MMAP_MAX_=0 MALLOC_TRIM_THRESHOLD_=2147483647 MALLOC_ARENA_MAX=1` in the environment.

"""

OWN_MODEL = """\
## In larger networks

Training steps with and without attention, as a comparison trains them (PyTorch without
`torch.compile`): networks of keras.applications at 224 pixels with CSA after each stage, the U-Net
of a segmentation with CSA in its decoder, and the RetinaNet of a detection with CSA in the blocks
of its backbone. The input of a batch is prepared while the step before it runs. Memory is what the
process needs beyond the images. A figure is the median of three steps, and a ratio is uncertain by
a fifth: one below 1 means that CSA costs less than what can be measured so. {where}
`python -m benchmarks.own_model` measures it.

{table}
"""

PLAIN = """\
What a comparison does beside training (it computes the moving statistics of batch normalisation
again, scores each epoch, and keeps weights) is measured by a trial on {images:,} images of
{plain_side} pixels with MobileNetV2, beside a plain `fit` with validation:

{plain}
"""

NAMES = {"tensorflow": "TensorFlow", "jax": "JAX", "torch": "PyTorch"}


def network_part(contents: Sequence[dict[str, Any]], machines: Sequence[str]) -> str:
    """The section on the whole network.

    Args:
        contents: What was measured, the latest first.
        machines: On which machine each was measured, in a sentence.
    """
    parts = [NETWORK]
    for place, (content, where) in enumerate(zip(contents, machines, strict=True)):
        if place == 1:
            parts.append(EARLIER)
        for shape in tables.shapes(content):
            parts.append(f"Batches of {'x'.join(map(str, shape))}:\n\n")
            parts.append(tables.markdown(tables.network(content, shape)) + "\n\n")
        parts.append(f"{where} {spread(content)}\n\n")
    return "".join([*parts, "`python -m benchmarks.network` measures it.\n"])


def spread(content: dict[str, Any]) -> str:
    """How much single steps vary about the medians of a table."""
    times = [
        result["times"]["training"]
        for cell in content["cells"]
        for result in cell["results"].values()
        if "error" not in result
    ]
    least = min(each["least"] / each["median"] for each in times)
    largest = max(each["largest"] / each["median"] for each in times)
    return f"Single steps took {least:.2f} to {largest:.2f} of their median."


def studies_part(contents: Iterable[dict[str, Any]]) -> str:
    """The section on trials per hour."""
    rows = [["trials", "shared", "plain", "ratio", "numbers"]]
    for content in contents:
        topologies = ", ".join(row["topology"] for row in content["seconds"])
        per_hour = content["trials_per_hour"]
        rows.append(
            [
                f"{content['trials']} of {content['epochs']} epochs, {content['dataset']}, "
                f"{content['backbone']} ({topologies}; {content['backend']}; {content['date']})",
                f"{per_hour['shared']:.0f}",
                f"{per_hour['plain']:.0f}",
                f"{content['ratio']:.2f}",
                "the same" if content["identical"] else "others",
            ]
        )
    return STUDY + tables.markdown(rows) + "\n"


def own_model_part() -> str:
    """The section on networks of keras.applications; empty until they are measured."""
    if not own_model.FILE.exists():
        return ""
    content = own_model.stored()
    cells = {(c["network"], c["backend"], c["variant"]): c for c in content["cells"]}
    seconds = ["none, s", "CSA, s", "ratio", "input, s"]
    rows = [["network", "images", "backend", *seconds, "none, GiB", "CSA, GiB"]]
    for network, subject in own_model.SUBJECTS.items():
        for backend, name in NAMES.items():
            if (network, backend, "none") not in cells:
                continue
            variants = ("none", subject.attention)
            none, csa = (cells.get((network, backend, each), {}) for each in variants)
            rows.append(
                [
                    network,
                    f"{subject.batch} of {subject.size[1]} x {subject.size[0]}",
                    name,
                    *(tables.number(each.get("step_s")) for each in (none, csa)),
                    tables.hundredths(tables.ratio(csa.get("step_s"), none.get("step_s"))),
                    tables.number(none.get("input_s")),
                    *(tables.number(each.get("peak_gib")) for each in (none, csa)),
                ]
            )
    section = OWN_MODEL.format(where=measured_on(content), table=tables.markdown(rows))
    if not content["plain"]:
        return section
    plain = [["backend", "epochs", "trial, s", "plain loop, s", "ratio"]]
    for backend, found in content["plain"].items():
        trial, loop = found.get("trial_s"), found.get("plain_s")
        plain.append(
            [
                NAMES[backend],
                tables.number(found.get("epochs")),
                tables.number(trial),
                tables.number(loop),
                tables.hundredths(tables.ratio(trial, loop)),
            ]
        )
    return f"{section}\n" + PLAIN.format(
        images=own_model.PLAIN_STEPS * own_model.PLAIN_BATCH,
        plain_side=own_model.PLAIN_SIDE,
        plain=tables.markdown(plain),
    )


def measured_on(content: dict[str, Any]) -> str:
    """When and on what, in one sentence."""
    return f"Measured on {content['date']}: {content['cpu']}, {content['cores']} cores."
