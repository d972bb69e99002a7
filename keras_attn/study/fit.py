"""Whether topologies fit a network: every network of a study is constructed before training."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

import keras
import numpy as np

from keras_attn.data.dataset import Dataset
from keras_attn.study.backbone import build_model
from keras_attn.study.control import BASELINE, TOLERANCE, is_matched, matched_to


def check_fit(
    datasets: Iterable[Dataset], topologies: Sequence[str], backbone: str
) -> dict[str, int]:
    """Constructs the network of every topology for every image set, without any weights.

    Args:
        datasets: The image sets; those of the same image shape and classes are checked once.
        topologies: Keys, `"none"` and controls.
        backbone: Which residual network.

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
                count = count_parameters(shape, task, classes, key, backbone)
                counts.setdefault(key, count)
            except Exception as error:
                reasons[key] = reason_of(error)
        if reasons:
            size = " x ".join(map(str, shape))
            failures.append(
                f"{len(reasons)} of {len(keys)} networks cannot be constructed, for {backbone} and "
                f"the images of {dataset.name} ({size}):\n"
                + "\n".join(f"  {key}: {reason}" for key, reason in reasons.items())
            )
    if failures:
        raise ValueError(
            "\n".join(failures) + "\nLeave these topologies out, or choose another backbone."
        )
    return counts


def count_parameters(
    image_shape: tuple[int, int, int], task: str, classes: int, topology: str, backbone: str
) -> int:
    """The trainable parameters of a network, of which only the shapes are computed."""
    with keras.StatelessScope(initialize_variables=False):
        model = build_model(image_shape, task, classes, topology, backbone)
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
