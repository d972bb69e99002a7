"""The one type in which every image set arrives: checked arrays, and what they mean."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, NamedTuple

import numpy as np

Task = Literal["binary", "multi-class", "ordinal", "multi-label"]
Granularity = Literal["coarse", "fine"]


class Split(NamedTuple):
    """Images and labels of one split.

    Attributes:
        images: uint8 in [0, 255] or float32 in [0, 1], (N, H, W, channels).
        labels: int64 class indices (N,); for multi-label tasks 0 or 1, (N, classes).
    """

    images: np.ndarray
    labels: np.ndarray


@dataclass(frozen=True)
class Dataset:
    """An image set ready to train on.

    Attributes:
        name: Short name, used in results.
        task: `"binary"`, `"multi-class"`, `"ordinal"` or `"multi-label"`.
        class_names: One name a class, in the order of the labels.
        train: What models are fitted to.
        val: What epochs are chosen by.
        test: What is reported.
        granularity: `"fine"` where classes differ in detail only, else `"coarse"`.
        licence: Under which the images may be used; empty if unknown.
        source: Where the images come from.
    """

    name: str
    task: Task
    class_names: tuple[str, ...]
    train: Split
    val: Split
    test: Split
    granularity: Granularity = "coarse"
    licence: str = ""
    source: str = ""

    @property
    def image_shape(self) -> tuple[int, int, int]:
        """Height, width and channels."""
        return self.train.images.shape[1:]
