"""How a study was made: its images, its configuration and its sources, for the report."""

from __future__ import annotations

from collections.abc import Mapping

from keras_attn.study.control import entries_of, is_control
from keras_attn.study.facts import Facts
from keras_attn.study.plan import Plan
from keras_attn.study.training_words import training_in_words


def details(plan: Plan) -> dict[str, str]:
    """The configuration of the study, and a description of the images."""
    config = plan.config
    facts: dict[str, str] = {}
    names = list(dict.fromkeys(group.dataset for group in plan.grid.groups))
    for name in names:
        known = plan.facts(name)
        label = "Images" if len(names) == 1 else name
        splits = {"train": "training", "val": "validation", "test": "test"}
        facts[label] = "; ".join(
            [
                known.name,
                f"{known.task}, {len(known.class_names)} classes: {_some(known.class_names)}",
                ", ".join(f"{known.samples[key]:,} {title}" for key, title in splits.items()),
                *_groups(known, splits),
                " × ".join(map(str, known.image_shape)),
                f"licence: {known.licence or 'not stated'}",
                f"source: {known.source or 'not stated'}",
                f"duplicates across splits: {_duplicates(known.duplicates)}",
            ]
        )
    sizes = [str(group.samples) for group in plan.grid.groups if group.samples is not None]
    facts |= {
        "Training sizes": ", ".join(dict.fromkeys(sizes))
        and f"{', '.join(dict.fromkeys(sizes))}: stratified subsets, each contained in the larger",
        "Network": plan.network_text,
        "Published in": ", ".join(_sources(plan.grid.topologies)),
        "Seeds": ", ".join(map(str, plan.grid.seeds)),
        "Pairing": "networks with the same seed start with equal weights in all layers that they "
        "share, and see the same images in the same order",
        "Headline metric and margin": f"{plan.question.title} and {plan.question.margin:g}, "
        "fixed before training",
        **training_in_words(config),
    }
    return {name: value for name, value in facts.items() if value}


def _groups(known: Facts, splits: Mapping[str, str]) -> list[str]:
    """How many groups there are, if there are any."""
    if not known.groups:
        return []
    counts = ", ".join(f"{known.groups[key]:,} {splits[key]}" for key in splits)
    return [f"groups: {counts}; no group is in two splits"]


def _some(names: tuple[str, ...], most: int = 20) -> str:
    rest = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(names[:most]) + rest


def _duplicates(shared: Mapping[str, int]) -> str:
    found = (f"{count} in {pair}" for pair, count in shared.items())
    return ", ".join(found) or "none that are identical"


def _sources(topologies: tuple[str, ...]) -> list[str]:
    """The publications of the topologies, each once."""
    keys = [key for key in topologies if not is_control(key)]
    return list(dict.fromkeys(entry.source for key in keys for entry in entries_of(key)))
