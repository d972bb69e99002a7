"""Two sections of the page on speed: the user's own model, and combinations of gates."""

from __future__ import annotations

import statistics

from benchmarks import combinations, own_model, tables

OWN_MODEL = """\
## In your own model

Training steps of networks of keras.applications at {side} pixels in batches of {batch}, with and
without CSA after each stage, as a comparison trains them (PyTorch without `torch.compile`): seconds
per step, the time that a batch of images takes in addition if it is not prepared in the meantime,
and the memory that the process needs beyond the images. {where} `python -m benchmarks.own_model`
measures it.

{table}

What a comparison does beside training (it computes the moving statistics of batch normalisation
again, scores each epoch, and keeps weights) is measured by a trial on {images:,} images of
{plain_side} pixels with MobileNetV2, beside a plain `fit` with validation:

{plain}
"""

COMBINATIONS = """\
## Combinations of gates

Twelve combinations of a channel gate ({channel}) with a spatial gate ({spatial}) in CSA, forward and
backward, over the sum of the times of both gates alone. Below 1, a combination costs less than its
parts: the map is written once. {where} `python -m benchmarks.combinations` measures it.

{table}
"""

NAMES = {"tensorflow": "TensorFlow", "jax": "JAX", "torch": "PyTorch"}


def own_model_part() -> str:
    """The section on networks of keras.applications; empty until they are measured."""
    if not own_model.FILE.exists():
        return ""
    content = own_model.stored()
    cells = {(c["model"], c["backend"], c["variant"]): c for c in content["cells"]}
    rows = [
        ["network", "backend", "none, s", "CSA, s", "ratio", "input, s", "none, GiB", "CSA, GiB"]
    ]
    for model in own_model.MODELS:
        for backend, name in NAMES.items():
            if (model, backend, "none") not in cells:
                continue
            none, csa = (cells.get((model, backend, each), {}) for each in own_model.VARIANTS)
            rows.append(
                [
                    model,
                    name,
                    *(tables.number(each.get("step_s")) for each in (none, csa)),
                    tables.hundredths(tables.ratio(csa.get("step_s"), none.get("step_s"))),
                    tables.number(none.get("input_s")),
                    *(tables.number(each.get("peak_gib")) for each in (none, csa)),
                ]
            )
    plain = [["backend", "trial, s", "plain loop, s", "ratio"]]
    for backend, found in content["plain"].items():
        trial, loop = found.get("trial_s"), found.get("plain_s")
        plain.append(
            [
                NAMES[backend],
                tables.number(trial),
                tables.number(loop),
                tables.hundredths(tables.ratio(trial, loop)),
            ]
        )
    return OWN_MODEL.format(
        side=own_model.SIDE,
        batch=own_model.BATCH,
        where=_where(content),
        table=tables.markdown(rows),
        images=own_model.PLAIN_STEPS * own_model.BATCH,
        plain_side=own_model.PLAIN_SIDE,
        plain=tables.markdown(plain),
    )


def combinations_part() -> str:
    """The section on combinations; empty until they are measured."""
    if not combinations.FILE.exists():
        return ""
    content = combinations.stored()
    rows = [["backend", "map", "mean", "least", "largest", "of"]]
    for backend, shapes in content["times"].items():
        for shape, times in shapes.items():
            found = combinations.ratios(times)
            worst = max(found, key=lambda pair: found[pair])
            ends = (statistics.fmean(found.values()), min(found.values()), found[worst])
            rows.append([NAMES[backend], shape, *map(tables.hundredths, ends), " and ".join(worst)])
    return COMBINATIONS.format(
        channel=", ".join(combinations.CHANNEL),
        spatial=", ".join(combinations.SPATIAL),
        where=_where(content),
        table=tables.markdown(rows),
    )


def _where(content: dict) -> str:
    return f"Measured on {content['date']}: {content['cpu']}, {content['cores']} cores."
