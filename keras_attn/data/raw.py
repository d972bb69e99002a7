"""What a loader found: arrays, and what is known about them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from keras_attn.data.checks import Granularity, Task

Arrays = Mapping[str, tuple[np.ndarray, np.ndarray]]


@dataclass(frozen=True)
class RawDataset:
    """Arrays as they were found, and what is known about them.

    Attributes:
        name: Short name, used in results.
        arrays: Images and labels of `"train"`, and of `"val"` and `"test"` if there are any.
        origin: The set or the file they come from, for error messages.
        task: None to infer it.
        class_names: Names in the order of the labels; None if the labels are only numbers.
        ordered: Whether the order of the classes is known to be that of their grades.
        granularity: As in `Dataset`.
        licence: As in `Dataset`.
        source: As in `Dataset`.
        bits: As in `Dataset`.
        groups: The group of each image, by split; empty if there are none.
        weights: The weight of each training image; None if all are equal.
    """

    name: str
    arrays: Arrays
    origin: str
    task: Task | None = None
    class_names: tuple[str, ...] | None = None
    ordered: bool = False
    granularity: Granularity = "coarse"
    licence: str = ""
    source: str = ""
    bits: int | None = None
    groups: Mapping[str, np.ndarray] = field(default_factory=dict)
    weights: np.ndarray | None = None
