"""Groups of images that belong together, such as those of one patient, slide or video."""

from __future__ import annotations

import re
import warnings
from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import Path

import numpy as np

#: A name that ends in a number of its own after another number: patient12_slice03.
NUMBERED = re.compile(r"(?P<group>.*\d.*?)[_-][a-zA-Z]*\d+")

#: As many images per name, on average, are taken for those of one patient.
MANY = 3


def check_groups(groups: Mapping[str, np.ndarray], origin: str) -> None:
    """Checks that no group is in two splits.

    Raises:
        ValueError: If one is; its images would be recognised in place of its class.
    """
    parts = list(groups)
    for number, part in enumerate(parts):
        for other in parts[number + 1 :]:
            if shared := sorted(set(groups[part]) & set(groups[other])):
                raise ValueError(
                    f"The group {str(shared[0])!r} of {origin} is in the splits {part} and {other}"
                    f"{f', as are {len(shared) - 1} more' if len(shared) > 1 else ''}. A network "
                    "recognises a group that it was trained on: move all images of a group to one "
                    "split, or leave the splits out to have them cut by group."
                )


def warn_of_groups(paths: Iterable[Path], origin: str) -> None:
    """Warns if the names of images look as if several belonged to one patient or slide."""
    names = [path.stem for path in paths]
    found = [match["group"] for name in names if (match := NUMBERED.fullmatch(name))]
    counts = Counter(found)
    if len(counts) > 1 and len(found) > 0.8 * len(names) and len(found) >= MANY * len(counts):
        some = ", ".join(list(counts)[:3])
        warnings.warn(
            f"The names of the images of {origin} look as if there were {len(counts)} groups, such "
            f"as {some}. If these are patients, slides or videos, the splits that are cut can have "
            "images of one group on both sides, which makes scores too high. Give the splits, or a "
            "table with a column `group`: load_dataset('labels.csv').",
            stacklevel=5,
        )
