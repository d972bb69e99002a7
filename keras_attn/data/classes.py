"""Which label stands for which class: the order and the names that a user asks for."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from keras_attn.data.boxes import CLASS, NO_OBJECT, is_boxes
from keras_attn.data.checks import check_range, count_classes, some
from keras_attn.data.raw import RawDataset

ClassNames = Sequence[str] | Mapping[str, str]


def name_classes(raw: RawDataset, class_names: ClassNames | None) -> RawDataset:
    """Give the classes of a set the order and the names that were asked for.

    Args:
        raw: What a loader found, with checked labels.
        class_names: As for `load_dataset`.

    Returns:
        The set with a name per class, and its labels numbered in the order of these names.

    Raises:
        ValueError: The names do not fit the classes, or an ordinal task has no order.
    """
    found = raw.class_names or _numbers(raw.arrays["train"][1])
    if class_names is None:
        if raw.task == "ordinal" and not (raw.ordered or _are_ascending_numbers(found)):
            raise ValueError(
                f'task="ordinal" needs the order of the classes, which {raw.origin} does not tell '
                f"(alphabetical: {some(found)}). Give `class_names` with all of these names, the "
                "lowest grade first."
            )
        return replace(raw, class_names=found)
    if isinstance(class_names, str):
        raise ValueError(f"`class_names` must be a list of names. Received: {class_names!r}.")
    wanted = tuple(normal_form(name) for name in class_names)
    if isinstance(class_names, Mapping):
        new_names = tuple(normal_form(name) for name in class_names.values())
    else:
        new_names = wanted
    if set(wanted) == set(found):
        return replace(raw, arrays=_renumbered(raw, found, wanted), class_names=new_names)
    if raw.class_names is None and not isinstance(class_names, Mapping):
        return replace(raw, class_names=new_names)  # names for labels that are only numbers
    raise _do_not_match(raw.origin, found, wanted)


def normal_form(name: object) -> str:
    """A name in Unicode's composed form: file systems store the same name in either form."""
    return unicodedata.normalize("NFC", str(name))


def _numbers(labels: np.ndarray) -> tuple[str, ...]:
    count = count_classes(labels)
    if labels.ndim > 2 and count <= 2 and not is_boxes(labels):
        return "background", "foreground"
    return tuple(str(number) for number in range(count))


def _are_ascending_numbers(names: tuple[str, ...]) -> bool:
    if not all(name.isdecimal() for name in names):
        return False
    numbers = [int(name) for name in names]
    return numbers == sorted(numbers)


def _renumbered(
    raw: RawDataset, found: tuple[str, ...], wanted: tuple[str, ...]
) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """The arrays with label k for the k-th of the wanted names."""
    arrays = {}
    for part, (images, labels) in raw.arrays.items():
        if labels.ndim == 2:
            labels = labels[:, [found.index(name) for name in wanted]]
        elif labels.ndim > 2:
            renumbered = _renumbered_boxes if is_boxes(labels) else _renumbered_masks
            labels = renumbered(labels, [wanted.index(name) for name in found])
        else:
            check_range(labels, len(found), f"{part} labels of {raw.origin}")
            labels = np.array([wanted.index(name) for name in found])[labels]
        arrays[part] = (images, labels)
    return arrays


def _renumbered_masks(masks: np.ndarray, numbers: list[int]) -> np.ndarray:
    """Masks with new class indices; what is not a class stays as it is."""
    table = np.arange(256, dtype="uint8")
    table[: len(numbers)] = numbers
    return table[masks]


def _renumbered_boxes(boxes: np.ndarray, numbers: list[int]) -> np.ndarray:
    """Boxes with new class indices; rows without an object stay as they are."""
    table = np.array([*numbers, NO_OBJECT], "float32")
    boxes = boxes.copy()
    boxes[..., CLASS] = table[boxes[..., CLASS].astype(int)]
    return boxes


def _do_not_match(origin: str, found: tuple[str, ...], wanted: tuple[str, ...]) -> ValueError:
    missing = [name for name in found if name not in wanted]
    unknown = [name for name in wanted if name not in found]
    details = [
        *([f"without {some(missing)}"] if missing else []),
        *([f"with {some(unknown)}, which it does not have"] if unknown else []),
    ]
    return ValueError(
        f"`class_names` differ from the classes of {origin} ({some(found)}): they are "
        f"{' and '.join(details)}. A list gives the order of these names; to rename classes, map "
        f"each name to the new one, in order: {{{found[0]!r}: 'new name', ...}}."
    )
