"""Folders in the layout of Pascal VOC: JPEGImages, Annotations and ImageSets/Main."""

from __future__ import annotations

from pathlib import Path
from xml.etree.ElementTree import Element, TreeBuilder
from xml.parsers import expat

from keras_attn.data.annotations import Annotated, FaultyBoxes, Object, detection_set
from keras_attn.data.folder import SPLIT_NAMES
from keras_attn.data.image_file import is_image_file
from keras_attn.data.raw import RawDataset

IMAGES, ANNOTATIONS, LISTS = "JPEGImages", "Annotations", "ImageSets/Main"

SIDES = ("xmin", "ymin", "xmax", "ymax")


def is_voc_folder(root: Path) -> bool:
    """Whether a folder has the layout of Pascal VOC."""
    return (root / IMAGES).is_dir() and (root / ANNOTATIONS).is_dir()


def load_voc_folder(root: Path, size: int | None, faulty: FaultyBoxes) -> RawDataset:
    """Load a folder in the layout of Pascal VOC.

    `Annotations/NAME.xml` has the boxes of `JPEGImages/NAME.*`, and `ImageSets/Main/train.txt`,
    `val.txt` and `test.txt` list the names of each split; without them, all are training images.
    The sides of boxes are the first and the last pixel inside, counted from 1, as in Pascal VOC.
    Objects marked as difficult are crowds. The classes are in alphabetical order.

    Args:
        root: The folder.
        size: As for `detection_set`.
        faulty: As for `detection_set`.

    Raises:
        OSError: A file cannot be read.
        ValueError: An annotation is damaged, or an image or an annotation is missing.
    """
    images = {
        path.stem: path
        for path in sorted((root / IMAGES).iterdir())
        if path.is_file() and is_image_file(path)
    }
    splits = {
        part: [_read(root, name, place, images) for name, place in names]
        for part, names in _names(root, images).items()
    }
    names = {
        item.name for part in splits.values() for annotated in part for item in annotated.objects
    }
    return detection_set(root, splits, tuple(sorted(names)), size, faulty)


def _names(root: Path, images: dict[str, Path]) -> dict[str, list[tuple[str, str]]]:
    """The names of the images of each split, each with the place that lists it."""
    found: dict[str, list[tuple[str, str]]] = {}
    for path in sorted((root / LISTS).glob("*.txt")):
        part = SPLIT_NAMES.get(path.stem.lower())
        if part is not None and part not in found:
            lines = path.read_text(encoding="utf-8").split("\n")
            found[part] = [
                (line.split()[0], f"{path}, line {number}")
                for number, line in enumerate(lines, 1)
                if line.strip()
            ]
    if not found:
        return {"train": [(name, str(root / IMAGES)) for name in images]}
    if "train" not in found:
        raise ValueError(f"{root / LISTS} lists {', '.join(found)}, but has no train.txt.")
    _check_apart(found)
    return {part: found[part] for part in ("train", "val", "test") if found.get(part)}


def _check_apart(lists: dict[str, list[tuple[str, str]]]) -> None:
    """Checks that no image is in two splits."""
    seen: dict[str, str] = {}
    for names in lists.values():
        for name, place in names:
            if name in seen:
                raise ValueError(
                    f"The image {name!r} is listed twice, in {seen[name]} and in {place}. An image "
                    "belongs to one split."
                )
            seen[name] = place


def _read(root: Path, name: str, place: str, images: dict[str, Path]) -> Annotated:
    """An image with its annotation.

    Raises:
        ValueError: If one of them is missing, or the annotation cannot be understood.
    """
    path = root / ANNOTATIONS / f"{name}.xml"
    if name not in images:
        raise ValueError(f"{place} names {name!r}, and {root / IMAGES} has no image of that name.")
    if not path.is_file():
        raise ValueError(f"The annotation of {images[name]} is missing. Expected the file {path}.")
    tree, lines = _parse(path)
    objects = [_object(item, path, lines) for item in tree.iter("object")]
    size = tree.find("size")
    numbers = None
    if size is not None:
        numbers = (
            int(_number(size, "width", path, lines)),
            int(_number(size, "height", path, lines)),
        )
    return Annotated(images[name], objects, numbers, str(path))


def _object(item: Element, path: Path, lines: dict[Element, int]) -> Object:
    box = item.find("bndbox")
    name = (item.findtext("name") or "").strip()
    place = f"{path}, line {lines[item if box is None else box]}"
    if box is None or not name:
        raise ValueError(f"{place}: an object needs a name and a bndbox.")
    left, top, right, bottom = (_number(box, side, path, lines) for side in SIDES)
    # The last pixel is inside: a box from 5 to 5 would be one pixel wide, but tools that cut boxes
    # to nothing write it so.
    if right > left and bottom > top:
        left, top = max(0.0, left - 1), max(0.0, top - 1)
    is_crowd = (item.findtext("difficult") or "").strip() == "1"
    return Object(name, (left, top, right, bottom), is_crowd, place)


def _number(parent: Element, name: str, path: Path, lines: dict[Element, int]) -> float:
    text = parent.findtext(name)
    try:
        return float(text or "")
    except ValueError:
        raise ValueError(
            f"{path}, line {lines[parent]}: <{parent.tag}> needs a number <{name}>. "
            f"Found: {text!r}."
        ) from None


def _parse(path: Path) -> tuple[Element, dict[Element, int]]:
    """The elements of a file, and the line in which each begins.

    Raises:
        ValueError: If it is not complete XML.
    """
    builder = TreeBuilder()
    lines: dict[Element, int] = {}
    parser = expat.ParserCreate()

    def start(name: str, attributes: dict[str, str]) -> None:
        lines[builder.start(name, attributes)] = parser.CurrentLineNumber

    parser.StartElementHandler = start
    parser.EndElementHandler = builder.end
    parser.CharacterDataHandler = builder.data
    try:
        parser.Parse(path.read_bytes(), True)
        return builder.close(), lines
    except expat.ExpatError as error:
        raise ValueError(
            f"{path} is not complete XML ({error}). Save the annotation again."
        ) from None
