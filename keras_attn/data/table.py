"""A table of labels: one row per image, with its path, its label, and maybe its split and group."""

from __future__ import annotations

import csv
import math
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from keras_attn.data.checks import some
from keras_attn.data.classes import normal_form
from keras_attn.data.folder import SPLIT_NAMES
from keras_attn.data.groups import check_groups, warn_of_groups
from keras_attn.data.pictures import choose_target, read_pictures
from keras_attn.data.raw import RawDataset

#: The columns that a table may have; the first two are required.
COLUMNS = ("path", "label", "split", "group", "weight")

#: What separates several labels in one cell.
SEPARATOR = ";"

Row = Mapping[str, str]


def load_table(path: Path, size: int | None = None) -> RawDataset:
    """Load the images that a CSV file names; paths in it are relative to the file.

    Args:
        path: The file, with a header; see `read_rows` for its columns.
        size: Height and width to resize to; as for folders.

    Raises:
        OSError: The file or an image cannot be read.
        ValueError: The table is not one of labels.
    """
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.DictReader(file, skipinitialspace=True, restval="")
            rows = list(reader)
            columns = list(reader.fieldnames or ())
    except (UnicodeDecodeError, csv.Error) as error:
        raise ValueError(f"{path} is not a table of text separated by commas: {error}.") from None
    return from_rows(rows, columns, path.parent, path.stem, str(path), size)


def load_frame(frame: Any, folder: Path, size: int | None = None) -> RawDataset:
    """Load the images that a pandas table names; paths in it are relative to the folder."""
    text = frame.astype(object).where(frame.notna(), "").astype(str)
    rows = text.to_dict(orient="records")
    return from_rows(rows, list(map(str, frame.columns)), folder, "table", "the table", size)


def from_rows(
    rows: Sequence[Row],
    columns: list[str],
    folder: Path,
    name: str,
    origin: str,
    size: int | None = None,
) -> RawDataset:
    """The images of rows with these columns.

    * `path`: the image file.
    * `label`: its class; several labels for a multi-label task are separated by `;`, and an empty
      cell then has none.
    * `split` (optional): train, val or test; missing splits are cut from train.
    * `group` (optional): the patient, slide or video; no group is ever in two splits.
    * `weight` (optional): the weight of a training image in the loss.

    Args:
        rows: By column.
        columns: The header.
        folder: What paths are relative to.
        name: The name of the set.
        origin: The table, for error messages.
        size: Height and width to resize to.

    Raises:
        OSError: An image cannot be read.
        ValueError: The table is not one of labels.
    """
    _check_columns(columns, origin)
    if not rows:
        raise ValueError(f"{origin} has a header, but no rows: every row names one image.")
    paths = [folder / row["path"] for row in rows]
    _check_paths(paths, origin)
    several = any(SEPARATOR in row["label"] for row in rows)
    names, labels = _labels(rows, several, origin)
    parts = [_part(row, number, origin) for number, row in enumerate(rows, 2)]
    if "train" not in parts:
        raise ValueError(
            f"{origin} has no row of the split train. Found: {some(sorted(set(parts)))}."
        )
    members = {
        part: [row for row, each in enumerate(parts) if each == part]
        for part in dict.fromkeys(parts)
    }
    groups = {}
    if "group" in columns:
        groups = {
            part: np.array([_group(rows[i], i + 2, origin) for i in found])
            for part, found in members.items()
        }
        check_groups(groups, origin)
    elif len(members) == 1:
        warn_of_groups(paths, origin)
    weights = _weights([rows[i] for i in members["train"]], origin) if "weight" in columns else None
    target = choose_target(paths, size)
    arrays = {}
    for part, found in members.items():
        images = read_pictures([paths[index] for index in found], target, len(paths))
        arrays[part] = (images, labels[found])
    return RawDataset(
        name=name,
        arrays=arrays,
        origin=origin,
        task="multi-label" if several else None,
        class_names=names,
        source=origin,
        bits=target.bits,
        groups=groups,
        weights=weights,
    )


def _check_columns(columns: list[str], origin: str) -> None:
    missing = [name for name in COLUMNS[:2] if name not in columns]
    unknown = [name for name in columns if name not in COLUMNS]
    if missing or unknown:
        raise ValueError(
            f"{origin} has the columns {some(columns) if columns else '(none)'}: expected path and "
            f"label, and maybe {', '.join(COLUMNS[2:])}, separated by commas. "
            f"{f'Missing: {some(missing)}. ' if missing else ''}"
            f"{f'Unknown: {some(unknown)}; rename or delete them.' if unknown else ''}".strip()
        )


def _check_paths(paths: list[Path], origin: str) -> None:
    absent = [str(path) for path in paths if not path.is_file()]
    if absent:
        raise ValueError(
            f"{len(absent)} of {len(paths)} images of {origin} do not exist: {some(absent)}. Paths "
            "are relative to the folder of the table."
        )
    counts: dict[Path, int] = {}
    for path in paths:
        counts[path] = counts.get(path, 0) + 1
    twice = [str(path) for path, count in counts.items() if count > 1]
    if twice:
        raise ValueError(
            f"{origin} names {len(twice)} image(s) more than once: {some(twice)}. Give each image "
            f"one row; several labels of one image are joined by {SEPARATOR!r}."
        )


def _labels(rows: Sequence[Row], several: bool, origin: str) -> tuple[tuple[str, ...], np.ndarray]:
    """The names of the classes, and the labels of all rows."""
    cells = [
        [normal_form(each.strip()) for each in row["label"].split(SEPARATOR) if each.strip()]
        for row in rows
    ]
    empty = [number for number, cell in enumerate(cells, 2) if not cell]
    if empty and not several:
        others = f" and {len(empty) - 1} other(s)" if len(empty) > 1 else ""
        raise ValueError(
            f"{origin} has no label in line {empty[0]}{others}. Give every image a label, or "
            "delete its row."
        )
    names = sorted({name for cell in cells for name in cell}, key=_order)
    index = {name: number for number, name in enumerate(names)}
    if not several:
        return tuple(names), np.array([index[cell[0]] for cell in cells])
    labels = np.zeros((len(rows), len(names)), "int64")
    for row, cell in zip(labels, cells, strict=True):
        row[[index[name] for name in cell]] = 1
    return tuple(names), labels


def _order(name: str) -> tuple[float, str]:
    """Sort key: numbers by their value, then names in alphabetical order."""
    return (float(name) if name.isdecimal() else math.inf, name)


def _part(row: Row, line: int, origin: str) -> str:
    text = row.get("split", "").strip() or "train"
    if text.lower() not in SPLIT_NAMES:
        raise ValueError(
            f"{origin} has the split {text!r} in line {line}: expected train, val or test."
        )
    return SPLIT_NAMES[text.lower()]


def _group(row: Row, line: int, origin: str) -> str:
    text = row["group"].strip()
    if not text:
        raise ValueError(
            f"{origin} has no group in line {line}. Give every image a group; an image that "
            "belongs to no other gets one of its own."
        )
    return text


def _weights(rows: Iterable[Row], origin: str) -> np.ndarray:
    try:
        weights = np.array([float(row["weight"]) for row in rows], "float32")
    except ValueError as error:
        raise ValueError(f"The weights of {origin} must be numbers: {error}.") from None
    if not (np.isfinite(weights).all() and (weights >= 0).all() and weights.any()):
        raise ValueError(f"The weights of {origin} must be finite, not negative, and not all 0.")
    return weights


def is_table(value: Any) -> bool:
    """Whether a value is a pandas table, without importing pandas."""
    return type(value).__name__ == "DataFrame" and hasattr(value, "notna")
