"""Whether topologies fit a network: every network of a study is constructed before training."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from contextlib import nullcontext

import keras
import numpy as np

from keras_attn.data.dataset import Dataset
from keras_attn.study.control import TOLERANCE, is_matched, matched_to
from keras_attn.study.grammar import named
from keras_attn.study.models import Network
from keras_attn.study.variant_network import build_variant, is_inserted
from keras_attn.study.variants import BASELINE, Variant


def check_fit(
    datasets: Iterable[Dataset],
    topologies: Sequence[str],
    network: Network,
    variants: Mapping[str, Variant] | None = None,
) -> dict[str, int]:
    """Constructs the network of every topology for every image set, without any weights.

    Args:
        datasets: The image sets; those of the same image shape and classes are checked once.
        topologies: Texts of variants and controls.
        network: What `read_model` returned.
        variants: The variants by their texts, where a text alone does not say what they are.

    Returns:
        The trainable parameters of each network on the first image set, also of the networks that
        the controls are matched to.

    Raises:
        ValueError: If the networks of some topologies cannot be constructed; all are named.
    """
    matched = [key for topology in topologies if (key := matched_to(topology)) is not None]
    keys = tuple(dict.fromkeys((*topologies, *matched)))
    kinds = {(each.image_shape, each.task, len(each.class_names)): each for each in datasets}
    counts: dict[str, int] = {}
    failures: list[str] = []
    for (shape, task, classes), dataset in kinds.items():
        reasons = {}
        for key in keys:
            try:
                count = count_parameters(shape, task, classes, named(key, variants), network)
                counts.setdefault(key, count)
            except Exception as error:
                reasons[key] = reason_of(error)
        if reasons:
            size = " x ".join(map(str, shape))
            failures.append(
                f"{len(reasons)} of {len(keys)} networks cannot be constructed, for {network} and "
                f"the images of {dataset.name} ({size}):\n"
                + "\n".join(f"  {key}: {reason}" for key, reason in reasons.items())
            )
    if failures:
        raise ValueError(
            "\n".join(failures) + "\nLeave these variants out, or choose another model."
        )
    return counts


def count_parameters(
    image_shape: tuple[int, ...],
    task: str,
    classes: int,
    variant: Variant | str,
    network: Network,
) -> int:
    """The trainable parameters of a network, of which only the shapes are computed if possible."""
    variant = named(variant)
    # Surgery copies weights, which therefore need values.
    only_shapes = not is_inserted(network, variant)
    with keras.StatelessScope(initialize_variables=False) if only_shapes else nullcontext():
        model = build_variant(network, variant, image_shape, task, classes)
    return sum(int(np.prod(weight.shape)) for weight in model.trainable_weights)


def unmatched(control: str, parameters: dict[str, int]) -> str:
    """Why a control does not match its topology in the number of parameters; empty if it does.

    Args:
        control: `"matched-"` and a key.
        parameters: What `check_fit` returned.
    """
    key = str(matched_to(control))
    by_control, by_topology = (parameters[each] - parameters[BASELINE] for each in (control, key))
    if is_matched(by_control, by_topology):
        return ""
    return (
        f"There is no parameter-matched control: {key} adds {by_topology:,} parameters, and the "
        f"nearest plain network adds {by_control:,}, which is not within {TOLERANCE:.0%}."
    )


def reason_of(error: Exception) -> str:
    """The message of an error on one line, without what Keras puts around it."""
    text = re.sub(r"\x1b\[\d+m", "", str(error)) or type(error).__name__
    if text.startswith("Exception encountered when calling"):
        text = text.split("\n\n")[1]
    return " ".join(text.split())
