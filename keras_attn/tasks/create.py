"""Every task by its name."""

from __future__ import annotations

from collections.abc import Callable

from keras_attn.checks import check_choice
from keras_attn.tasks.classification import Binary, MultiClass, MultiLabel, Ordinal
from keras_attn.tasks.detection import Detection
from keras_attn.tasks.segmentation import Segmentation
from keras_attn.tasks.task import LearningTask

TASKS: dict[str, Callable[[int, float], LearningTask]] = {
    "binary": Binary,
    "multi-class": MultiClass,
    "ordinal": Ordinal,
    "multi-label": MultiLabel,
    "segmentation": Segmentation,
    "detection": Detection,
}


def learning_task(task: str, num_classes: int, label_smoothing: float = 0.0) -> LearningTask:
    """The task of a name.

    Args:
        task: `"binary"`, `"multi-class"`, `"ordinal"`, `"multi-label"`, `"segmentation"` or
            `"detection"`.
        num_classes: Number of classes, or of labels.
        label_smoothing: Share of the target that is spread over all classes.

    Raises:
        ValueError: If the task is unknown, or the number of classes does not fit it.
    """
    check_choice("task", task, TASKS)
    least = 1 if task in ("multi-label", "detection") else 2
    if num_classes < least or (task == "binary" and num_classes != 2):
        raise ValueError(
            f"A {task} task has {'exactly' if task == 'binary' else 'at least'} {least} classes. "
            f"Received: num_classes={num_classes}."
        )
    return TASKS[task](num_classes, label_smoothing)
