"""The seeds, training sizes and topologies of a study, checked or chosen."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from numbers import Integral

from keras_attn.checks import check_choice, check_whole_number
from keras_attn.data.dataset import Dataset
from keras_attn.data.folds import LEAST_FOLDS
from keras_attn.guideline import recommend_for

#: The topology that most people know, as the attention of CBAM.
USUAL = "csa"

#: Adds seeds until everything is decided.
AUTO = "auto"

#: How many seeds there are at each look.
LOOKS = (5, 10, 20)


def default_topologies(dataset: Dataset) -> tuple[str, ...]:
    """The best-known topology, and the two that the guideline recommends first for the set."""
    recommendation = recommend_for(dataset)
    return USUAL, recommendation.topology, *recommendation.alternatives[:1]


def check_seeds(seeds: int | str | Sequence[int]) -> tuple[int, ...]:
    """The seeds, each once; those of the first look for `"auto"`.

    Raises:
        ValueError: If there is none, or one is not a whole number of at least 0.
    """
    if isinstance(seeds, str):
        check_choice("seeds", seeds, (AUTO,))
        seeds = LOOKS[0]
    if not isinstance(seeds, Iterable):
        return tuple(range(check_whole_number("seeds", seeds, 1)))
    numbers = tuple(dict.fromkeys(check_whole_number("seed", seed, 0) for seed in seeds))
    if not numbers:
        raise ValueError("`seeds` is empty: give their number, or at least one seed.")
    return numbers


def check_folds(folds: int, seeds: int | str | Sequence[int], numbers: Sequence[int]) -> int:
    """The number of folds, of which every seed tests one.

    Raises:
        ValueError: If there are fewer than three folds, or they are not tested equally often.
    """
    check_whole_number("folds", folds, LEAST_FOLDS)
    tested = [seed % folds for seed in numbers]
    if isinstance(seeds, str) or {tested.count(number) for number in range(folds)} != {
        len(tested) / folds
    }:
        raise ValueError(
            f"With folds={folds}, seed s is tested on fold s mod {folds}, and every fold must be "
            f"tested equally often: give a multiple of {folds} seeds. Received: seeds={seeds!r}."
        )
    return folds


def check_samples(samples: int | Sequence[int]) -> tuple[int, ...]:
    """The training sizes, each once.

    Raises:
        ValueError: If there is none, or one is not a whole number of at least 1.
    """
    several = (samples,) if isinstance(samples, Integral) else samples
    if not isinstance(several, Iterable):
        several = (several,)
    sizes = tuple(dict.fromkeys(check_whole_number("samples", size, 1) for size in several))
    if not sizes:
        raise ValueError("`samples` is empty: give at least one size, or None for all images.")
    return sizes
