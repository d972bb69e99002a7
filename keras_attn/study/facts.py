"""What results and reports say about an image set, without its images."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from keras_attn.data.dataset import Dataset
from keras_attn.data.duplicates import SPLITS, shared_images


@dataclass(frozen=True)
class Facts:
    """What is known about an image set; a study stores it, so that reports need no images.

    Attributes:
        name: Short name.
        task: `"binary"`, `"multi-class"`, `"ordinal"` or `"multi-label"`.
        class_names: One name per class, in the order of the labels.
        image_shape: Height, width and channels.
        samples: Number of images by split.
        licence: Under which the images may be used; empty if unknown.
        source: Where the images come from.
        duplicates: By the names of two splits, such as `"train and test"`, the number of images
            of the later that are in the earlier too.
        groups: Number of groups by split; empty if there are none.
        cut: The splits that were cut from the training images.
    """

    name: str
    task: str
    class_names: tuple[str, ...]
    image_shape: tuple[int, ...]
    samples: Mapping[str, int]
    licence: str
    source: str
    duplicates: Mapping[str, int]
    groups: Mapping[str, int] = field(default_factory=dict)
    cut: tuple[str, ...] = ()

    @classmethod
    def of(cls, dataset: Dataset) -> Facts:
        """The facts about an image set."""
        shared = shared_images(dataset)
        return cls(
            name=dataset.name,
            task=dataset.task,
            class_names=dataset.class_names,
            image_shape=tuple(dataset.image_shape),
            samples={split: len(getattr(dataset, split).images) for split in SPLITS},
            licence=dataset.licence,
            source=dataset.source,
            duplicates={" and ".join(pair): count for pair, count in shared.items()},
            groups={part: len(set(found)) for part, found in dataset.groups.items()},
            cut=dataset.cut,
        )

    def as_dict(self) -> dict[str, Any]:
        """Everything, as values for JSON."""
        return asdict(self)

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> Facts:
        """The facts that `as_dict` was called on."""
        names = ("class_names", "image_shape", "cut")
        tuples = {name: tuple(values[name]) for name in names if name in values}
        return cls(**{**values, **tuples})
