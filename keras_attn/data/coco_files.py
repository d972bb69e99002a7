"""Boxes in the JSON format of COCO: a folder with one file per split, or a single file."""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from keras_attn.data.annotations import Annotated, FaultyBoxes, Object, detection_set
from keras_attn.data.folder import SPLIT_NAMES
from keras_attn.data.raw import RawDataset

#: annotations/instances_train2017.json, with the images in the folder train2017.
OFFICIAL = re.compile(r"instances_((train|val|test)\w*)\.json")

#: train/_annotations.coco.json, beside the images of the split.
BESIDE = "_annotations.coco.json"


def is_coco_folder(root: Path) -> bool:
    """Whether a folder has annotations in the format of COCO."""
    return any(True for _ in _files(root))


def load_coco_folder(root: Path, size: int | None, faulty: FaultyBoxes) -> RawDataset:
    """Load a folder in one of the two usual layouts.

    That of COCO, `annotations/instances_train2017.json` with the images in `train2017/` or
    `images/train2017/`, with any year or none; or `train/_annotations.coco.json` beside the images
    of the split.

    Args:
        root: The folder.
        size: As for `detection_set`.
        faulty: As for `detection_set`.

    Raises:
        OSError: A file cannot be read.
        ValueError: A file is not in the format of COCO, or the classes of two splits differ.
    """
    found = {part: (_parse(path), images, path) for part, path, images in _files(root)}
    if "train" not in found:
        raise ValueError(f"{root} has annotations for {', '.join(found)}, but none for train.")
    classes = {part: _classes(*found[part][::2]) for part in found}
    names = tuple(classes["train"].values())
    for part, other in classes.items():
        if set(other.values()) != set(names):
            raise ValueError(
                f"The classes of {found[part][2]} are {', '.join(other.values())}; those of "
                f"{found['train'][2]} are {', '.join(names)}. All splits need the same classes."
            )
    parts: list[str] = [part for part in ("train", "val", "test") if part in found]
    splits = {part: _images(*found[part]) for part in parts}
    return detection_set(root, splits, _used(splits, names), size, faulty)


def load_coco_file(path: Path, size: int | None, faulty: FaultyBoxes) -> RawDataset:
    """Load one file, all of whose images are training images, from which the splits are cut.

    Args:
        path: The file; images are found beside it, or in a folder `images` beside it.
        size: As for `detection_set`.
        faulty: As for `detection_set`.
    """
    content = _parse(path)
    folder = path.parent / "images"
    splits = {"train": _images(content, folder if folder.is_dir() else path.parent, path)}
    names = tuple(_classes(content, path).values())
    return detection_set(path, splits, _used(splits, names), size, faulty)


def _files(root: Path) -> Iterator[tuple[str, Path, Path]]:
    """The splits of a folder: name, file of annotations, folder of images."""
    official = sorted((root / "annotations").glob("instances_*.json"))
    for path in official:
        if match := OFFICIAL.fullmatch(path.name):
            inner = root / "images" / match[1]
            yield match[2], path, inner if inner.is_dir() else root / match[1]
    if not official:
        for folder in sorted(root.iterdir()):
            part = SPLIT_NAMES.get(folder.name.lower())
            if part and (folder / BESIDE).is_file():
                yield part, folder / BESIDE, folder


def _parse(path: Path) -> dict[str, Any]:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise ValueError(f"{path} is not complete JSON ({error}). Download it again.") from None
    lists = ("images", "annotations", "categories")
    if not isinstance(content, dict) or not all(
        isinstance(content.get(name), list) for name in lists
    ):
        raise ValueError(
            f"{path} is not in the format of COCO: expected an object with the lists "
            f"{', '.join(lists)}."
        )
    return content


def _classes(content: dict[str, Any], path: Path) -> dict[int, str]:
    """The name of each class by its number, in the order of the numbers."""
    try:
        pairs = [(each["id"], str(each["name"])) for each in content["categories"]]
    except (KeyError, TypeError):
        raise ValueError(f"{path}: each of the categories needs an id and a name.") from None
    return dict(sorted(pairs))


def _used(splits: Mapping[str, list[Annotated]], names: tuple[str, ...]) -> tuple[str, ...]:
    """The classes that have a box in any split: exports often begin with an empty superclass."""
    used = {item.name for images in splits.values() for each in images for item in each.objects}
    return tuple(name for name in names if name in used)


def _images(content: dict[str, Any], folder: Path, path: Path) -> list[Annotated]:
    """The images of a file with their objects."""
    classes = _classes(content, path)
    objects: dict[Any, list[Object]] = defaultdict(list)
    for number, item in enumerate(content["annotations"]):
        place = f"{path}, annotation {item.get('id', number)}"
        try:
            left, top, width, height = map(float, item["bbox"])
            name = classes[item["category_id"]]
            image = item["image_id"]
        except (KeyError, TypeError, ValueError):
            raise ValueError(
                f"{place} needs an image_id, the category_id of a category, and a bbox of four "
                f"numbers (left, top, width, height). Found: {item}."
            ) from None
        sides = (left, top, left + width, top + height)
        objects[image].append(Object(name, sides, bool(item.get("iscrowd")), place))
    found = []
    for number, item in enumerate(content["images"]):
        place = f"{path}, image {item.get('id', number)}"
        try:
            file = folder / item["file_name"]
            size = (int(item.get("width", 0)), int(item.get("height", 0)))
            identity = item["id"]
        except (KeyError, TypeError, ValueError):
            raise ValueError(f"{place} needs an id and a file_name. Found: {item}.") from None
        if not file.is_file():
            raise ValueError(f"{place}: there is no image file {file}.")
        found.append(Annotated(file, objects.pop(identity, []), size, place))
    if objects:
        orphan = next(iter(objects.values()))[0]
        raise ValueError(f"{orphan.place} belongs to an image that the file does not list.")
    return found
