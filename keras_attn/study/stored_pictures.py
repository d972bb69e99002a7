"""Pictures that need a network and its images, as SVG; a study keeps them beside its trials."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from matplotlib.figure import Figure

from keras_attn.study.box_pictures import draw_boxes
from keras_attn.study.disagreement_pictures import draw_disagreements
from keras_attn.study.gate_pictures import draw_gates
from keras_attn.study.grid import Group, TrialKey
from keras_attn.study.inline_pictures import PAGE_PALETTE, svg
from keras_attn.study.mask_pictures import draw_masks
from keras_attn.study.results import Results


class Kind(NamedTuple):
    """A kind of picture.

    Attributes:
        draw: Draws it from a network, its images and what `source` gives; None where there is
            nothing to show.
        with_attention: Whether it is drawn of the best network with attention, else of the best.
        task: The task that it is for; None for all.
        source: What else it is drawn from, if anything.
    """

    draw: Callable[..., Figure | None]
    with_attention: bool
    task: str | None = None
    source: Callable[[Results, Group], Any] | None = None


#: Every kind of picture by its name in files.
KINDS = {
    "gates": Kind(draw_gates, with_attention=True),
    "disagreements": Kind(
        draw_disagreements,
        with_attention=True,
        source=lambda results, group: results.disagreements.get(group),
    ),
    "masks": Kind(draw_masks, with_attention=False, task="segmentation"),
    "boxes": Kind(draw_boxes, with_attention=False, task="detection"),
}


def picture(results: Results, group: Group, name: str) -> str | None:
    """A picture as SVG, from the results or drawn.

    Args:
        results: The results.
        group: The image set and training size.
        name: The kind, one of `KINDS`.

    Returns:
        The picture; empty if there is nothing to show, None if the network is not there.
    """
    if (name, group) in results.pictures:
        return results.pictures[name, group]
    kind = KINDS[name]
    weights = results.attended if kind.with_attention else results.weights
    if not weights.get(group) or kind.task not in (None, results.plan.facts(group.dataset).task):
        return None
    model = results.best_model_of(group, kind.with_attention)
    best = results.best_trial_of(group, kind.with_attention)
    images = results.plan.data(group, 0 if best is None else best.seed)
    others = [kind.source(results, group)] if kind.source else []
    figure = kind.draw(model, images, PAGE_PALETTE, *others)
    return "" if figure is None else svg(f"{group.name}-{name}", figure)


def file_name(results: Results, group: Group, name: str) -> str | None:
    """The name of the file of a picture; None if no trial ended well."""
    best = results.best_trial_of(group, KINDS[name].with_attention)
    if best is None:
        return None
    return f"{name}-{TrialKey(*group, best.topology, best.seed).name}.svg"
