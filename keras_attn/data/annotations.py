"""What files of boxes say, and how it becomes an image set: faults, sizes, arrays."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Literal, NamedTuple, get_args

import numpy as np

from keras_attn.checks import check_choice
from keras_attn.data.boxes import cut_boxes, fault_of, pack_boxes
from keras_attn.data.image_file import Header
from keras_attn.data.letterbox import Letterbox, letterbox_of, read_letterboxed
from keras_attn.data.pictures import read_headers
from keras_attn.data.raw import RawDataset

#: What to do about boxes without area or outside of their image.
FaultyBoxes = Literal["drop", "refuse"]

#: Faults that a message names.
MOST_NAMED = 10


class Object(NamedTuple):
    """An object as a file describes it.

    Attributes:
        name: Its class.
        sides: Left, top, right, bottom in pixels of the image.
        is_crowd: Whether finding it is neither right nor wrong.
        place: Where the file says so, for messages.
    """

    name: str
    sides: tuple[float, float, float, float]
    is_crowd: bool
    place: str


class Annotated(NamedTuple):
    """An image and its objects.

    Attributes:
        image: The file of the image.
        objects: What is on it.
        size: Width and height as the annotation gives them; None if it does not.
        place: Where the annotation is, for messages.
    """

    image: Path
    objects: Sequence[Object]
    size: tuple[int, int] | None
    place: str


def detection_set(
    root: Path,
    splits: Mapping[str, Sequence[Annotated]],
    class_names: tuple[str, ...],
    size: int | None,
    faulty: FaultyBoxes,
) -> RawDataset:
    """The image set of annotated images.

    Args:
        root: The folder or the file that names the set.
        splits: The images of `"train"`, and of `"val"` and `"test"` if there are any.
        class_names: The classes in the order of their indices.
        size: The longer side of the images after resizing; None keeps images of one size.
        faulty: Whether faulty boxes are dropped with a warning or refused.

    Raises:
        OSError: An image cannot be read.
        ValueError: An image is damaged or has another size than its annotation says, or a box is
            faulty and faults are refused.
    """
    check_choice("faulty_boxes", faulty, get_args(FaultyBoxes))
    _check_names(splits, class_names)
    everything = [each for images in splits.values() for each in images]
    headers = read_headers([each.image for each in everything])
    for each in everything:
        _check_size(each, headers[each.image])
    faults = dict(_faults(everything, headers))
    _report(list(faults.items()), faulty)
    box = letterbox_of(headers, size)
    boxes = {
        part: [
            _boxes_of(
                [item for item in each.objects if item not in faults],
                headers[each.image],
                box,
                class_names,
            )
            for each in images
        ]
        for part, images in splits.items()
    }
    most = max(len(each) for found in boxes.values() for each in found)
    return RawDataset(
        name=root.resolve().stem,
        arrays={
            part: (
                read_letterboxed([each.image for each in images], headers, box, len(everything)),
                pack_boxes(boxes[part], max(1, most)),
            )
            for part, images in splits.items()
        },
        origin=str(root),
        task="detection",
        class_names=class_names,
        source=str(root),
        bits=box.target.bits,
    )


def _check_names(splits: Mapping[str, Sequence[Annotated]], class_names: tuple[str, ...]) -> None:
    for images in splits.values():
        for each in images:
            for item in each.objects:
                if item.name not in class_names:
                    raise ValueError(
                        f"{item.place}: the class {item.name!r} is not one of "
                        f"{', '.join(class_names)}."
                    )


def _check_size(annotated: Annotated, header: Header) -> None:
    found = (header.width, header.height)
    if annotated.size not in (None, (0, 0), found):
        width, height = annotated.size or found
        raise ValueError(
            f"{annotated.place} says that {annotated.image.name} has {width}x{height} pixels, but "
            f"it has {found[0]}x{found[1]}, after turning it as its EXIF data say. Its boxes would "
            "be at the wrong places: save the image as it was annotated, or correct the annotation."
        )


def _faults(
    images: Sequence[Annotated], headers: Mapping[Path, Header]
) -> Iterator[tuple[Object, str]]:
    """The faulty boxes, and what is wrong with each."""
    for each in images:
        header = headers[each.image]
        for item in each.objects:
            if fault := fault_of(np.array(item.sides), header.width, header.height):
                yield item, fault


def _report(faults: list[tuple[Object, str]], faulty: FaultyBoxes) -> None:
    """Refuses faulty boxes, or warns that they are left out.

    Raises:
        ValueError: If they are refused.
    """
    if not faults:
        return
    lines = [f"{item.place}: {fault} ({item.name})" for item, fault in faults[:MOST_NAMED]]
    more = f"\n  and {len(faults) - MOST_NAMED} more" if len(faults) > MOST_NAMED else ""
    listed = "\n  ".join(lines) + more
    if faulty == "refuse":
        raise ValueError(
            f"{len(faults)} box(es) are faulty. Correct them, or leave them out with "
            f'faulty_boxes="drop":\n  {listed}'
        )
    warnings.warn(
        f"{len(faults)} faulty box(es) are left out:\n  {listed}",
        stacklevel=6,
    )


def _boxes_of(
    objects: Sequence[Object], header: Header, box: Letterbox, class_names: tuple[str, ...]
) -> np.ndarray:
    """The objects of an image in pixels of the letterboxed image, (objects, 6)."""
    rows = []
    for item in objects:
        sides = cut_boxes(np.array(item.sides), header.width, header.height) * box.scale(header)
        rows.append([*sides, class_names.index(item.name), float(item.is_crowd)])
    return np.array(rows, "float32")
