"""What a variant costs in time: how much longer a training step takes than without attention.

Variants are trained one after the other, each beside whatever else the machine does at that time.
The ratio of two times can therefore be wrong by a factor of two, in either direction. The variation
between the seeds shows it, and so does a network that computes more in less time. Where the
variation is small, a cost is told as an interval, otherwise it is not told.
"""

from __future__ import annotations

import math

import numpy as np
import pandas as pd

from keras_attn.study.inference import Interval, mean_interval

#: The largest ratio of the ends of an interval with which a cost is told.
PRECISION = 1.5


def slowdown(steps: pd.Series, baseline: pd.Series) -> Interval:
    """The time of a step over that without attention, with its 95 % interval over the trainings.

    It is the geometric mean over the seeds that both have, with Student's t for the logarithms.

    Args:
        steps: Seconds per step, indexed by seed.
        baseline: The same without attention.
    """
    ratios = (steps / baseline).replace([0, np.inf], np.nan)
    return Interval(*map(math.exp, mean_interval(np.log(ratios.to_numpy(dtype=float)))))


def is_told(rows: pd.DataFrame, macs: float) -> pd.Series:
    """Whether the timings are precise and possible, for each row of a summary.

    Args:
        rows: Of the summary.
        macs: Multiply-accumulates of the network without attention. A step of a network that has at
            least as many is not shorter, whatever the timings say.
    """
    precise = rows["slowdown_high"] / rows["slowdown_low"] <= PRECISION
    return precise & ((rows["slowdown_high"] >= 1) | (rows["macs"] < macs))


def told(rows: pd.DataFrame, macs: float) -> str:
    """The cost of rows that `is_told` of, after the verb "take": the outermost ends of intervals.

    Args:
        rows: Of the summary.
        macs: Multiply-accumulates of the network without attention.
    """
    low, high = (
        round(100 * (each - 1))
        for each in (rows["slowdown_low"].min(), rows["slowdown_high"].max())
    )
    if (rows["macs"] >= macs).all():
        low = max(low, 0)
    if low == high == 0:
        return "the same time per step"
    if low < 0 < high:
        return f"between {-low} % less and {high} % more time per step"
    if low == 0:
        return f"up to {high} % longer per step"
    sizes = " to ".join(f"{size} %" for size in sorted({abs(low), abs(high)}))
    return f"{sizes} {'longer' if high > 0 else 'less time'} per step"
