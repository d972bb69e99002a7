"""What a task changes of a recommendation: not the topology, but how to judge it.

The paper tested classification alone. For other tasks its law is a guess, and that is said.
"""

from __future__ import annotations

from typing import get_args

from keras_attn.data.checks import Task

#: Tasks that the paper did not test.
UNTESTED = ("detection", "segmentation")

#: The tasks of `keras_attn.compare`.
TASKS = get_args(Task)

#: How to judge a topology on a task, as `keras_attn.compare` does.
JUDGE_BY = {
    "binary": (
        "AUC, with balanced accuracy beside it: plain accuracy looks good wherever one class is "
        "rare"
    ),
    "multi-class": (
        "AUC, each class against the rest, with balanced accuracy beside it: plain accuracy hides "
        "classes that are never named"
    ),
    "ordinal": (
        "AUC, with quadratic weighted kappa and the mean absolute error beside it: they know that "
        "the classes have an order"
    ),
    "multi-label": (
        "AUC, averaged over the labels: accuracy says little where most labels are absent from "
        "most images"
    ),
    "detection": "COCO's mean average precision, against the same detector without attention",
    "segmentation": "Dice of the images and the pooled mean intersection over union, against the "
    "same network without attention",
}


def caution(task: str) -> str | None:
    """What speaks against applying the law to a task; None where nothing does.

    Args:
        task: One of `TASKS`.
    """
    if task not in UNTESTED:
        return None
    return (
        f"but the paper tested classification alone: for {task} this is the law of another task. "
        "Compare it on your own images with `keras_attn.compare`"
    )
