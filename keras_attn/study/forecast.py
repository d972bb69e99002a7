"""How long the rest of a study takes, from the times of the trials that have finished."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from statistics import median

from keras_attn.study.grid import Group, TrialKey
from keras_attn.study.trial import Trial

Condition = tuple[Group, str]


def condition_of(key: TrialKey) -> Condition:
    """The trials that share a compiled network with this one."""
    return key.group, key.topology


def seconds_left(
    left: Iterable[TrialKey],
    finished: Mapping[TrialKey, Trial],
    workers: int = 1,
    compiled: Collection[Condition] = (),
) -> float | None:
    """The time that trials will take, including the compilation of their networks.

    Args:
        left: The trials to come.
        finished: Trials whose times are known.
        workers: How many trials run at the same time.
        compiled: Conditions whose networks are compiled already.

    Returns:
        Seconds; None if no trial has finished yet.
    """
    if not finished:
        return None
    left = list(left)
    training = {key: trial.seconds - trial.preparation for key, trial in finished.items()}
    preparation = {key: each.preparation for key, each in finished.items() if each.preparation}
    to_compile = {condition_of(key): key for key in left if condition_of(key) not in compiled}
    total = sum(_expected(key, training) for key in left)
    total += sum(_expected(key, preparation) for key in to_compile.values())
    return total / workers


def _expected(key: TrialKey, known: Mapping[TrialKey, float]) -> float:
    """The median of the known times that are most like those of a trial; one may be disturbed."""
    likenesses: tuple[Callable[[TrialKey], object], ...] = (
        condition_of,
        lambda each: each.group,
        lambda _: None,
    )
    for likeness in likenesses:
        alike = [seconds for each, seconds in known.items() if likeness(each) == likeness(key)]
        if alike:
            return median(alike)
    return 0.0


def duration(seconds: float) -> str:
    """A time in the units that people use."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 90 else f"{minutes // 60} h {minutes % 60} min"
