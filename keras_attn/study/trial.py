"""A trial: one topology trained with one seed on one image set, and scored on its test split."""

from __future__ import annotations

import statistics
from dataclasses import asdict, dataclass, field, fields, replace
from typing import Any, NamedTuple

import numpy as np

from keras_attn.study.control import BASELINE
from keras_attn.tasks.task import Scores

NAN = float("nan")


class Epoch(NamedTuple):
    """One point of a learning curve.

    `val_accuracy` and `val_score` are the metrics that the task watches and selects by: accuracy
    and AUC of the validation split, or pixel accuracy and Dice.
    """

    epoch: int
    seconds: float
    loss: float
    val_loss: float
    val_accuracy: float
    val_score: float

    @property
    def rank(self) -> tuple[float, float]:
        """Sort key: the validation score, then a low validation loss; the largest is best."""
        return (self.val_score if np.isfinite(self.val_score) else -np.inf, -self.val_loss)

    @property
    def finite(self) -> bool:
        """Whether the training loss and the validation loss are finite."""
        return bool(np.isfinite(self.loss) and np.isfinite(self.val_loss))


@dataclass
class Trial:
    """The outcome of a trial.

    Attributes:
        topology: A key of the catalogue, `"none"`, or `"matched-"` and a key.
        seed: Decided the initial weights, the order of the images and the augmentation.
        parameters: Trainable parameters of the whole network.
        macs: Multiply-accumulates of the whole network for one image.
        steps: Training steps per epoch.
        curve: The epochs that were trained.
        best: The epoch with the best validation score, the earliest of equals; None if the
            training diverged.
        scores: Metrics on the test split, with the weights of the best epoch; NaN if the training
            diverged.
        recall: Recall of each class on the test split, with the same weights.
        diverged: Whether the loss became NaN or infinite. Such a trial counts as a failure of the
            topology and is left out of the means.
        error: The traceback, if the trial failed in any other way; everything else is then empty.
        seconds: Duration of the whole trial.
        preparation: The part of `seconds` that was spent on building and compiling the network;
            0 where an earlier seed had compiled it.
        weights: The weights of the best epoch.
        hardware: What it was trained on, in words; empty if that was not recorded.
        predictions: For the test images with these weights, what the metrics are computed from:
            probabilities (N, classes), or pixels by class (N, classes, classes); None if not kept.
    """

    topology: str
    seed: int
    parameters: int = 0
    macs: int = 0
    steps: int = 0
    curve: list[Epoch] = field(default_factory=list)
    best: Epoch | None = None
    scores: Scores = field(default_factory=dict)
    recall: list[float] = field(default_factory=list)
    diverged: bool = False
    error: str = ""
    seconds: float = 0.0
    preparation: float = 0.0
    hardware: str = ""
    weights: list[np.ndarray] = field(repr=False, default_factory=list)
    predictions: np.ndarray | None = field(repr=False, default=None)

    @property
    def seconds_per_epoch(self) -> float:
        """Median duration of an epoch; the first, which can be slower, counts only if alone."""
        return statistics.median([point.seconds for point in self.curve[1:] or self.curve] or [NAN])

    @property
    def seconds_per_step(self) -> float:
        """Duration of a training step in the fastest epoch, which was disturbed least."""
        return min((point.seconds for point in self.curve), default=NAN) / max(1, self.steps)

    @property
    def reason(self) -> str:
        """Why the trial failed, on one line; empty if it did not."""
        return self.error.strip().rpartition("\n")[2]

    @property
    def preference(self) -> tuple[float, float, bool, str, int]:
        """Sort key: the smallest is best; among equals, the network without attention."""
        score, loss = self.best.rank if self.best else (-np.inf, -np.inf)
        return (-score, -loss, self.topology != BASELINE, self.topology, self.seed)

    def as_dict(self) -> dict[str, Any]:
        """Everything except the weights and the predictions, as values for JSON."""
        values = asdict(replace(self, weights=[], predictions=None))
        del values["predictions"]
        return {**values, "best": self.best.epoch if self.best else None}

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> Trial:
        """The trial that `as_dict` was called on; null is read as NaN.

        Raises:
            KeyError: If a value is missing.
            TypeError: If a value is of another type.
        """
        # Trials that were stored before these were recorded do not have them.
        values = {"preparation": 0.0, "hardware": "", "predictions": None, **values}
        known = {each.name: values[each.name] for each in fields(cls)}
        curve = [Epoch(point[0], *map(_number, point[1:])) for point in known["curve"]]
        read = {
            "curve": curve,
            "best": next((point for point in curve if point.epoch == known["best"]), None),
            "scores": {name: _number(value) for name, value in known["scores"].items()},
            "recall": [_number(value) for value in known["recall"]],
        }
        return cls(**{**known, **read})


def _number(value: float | None) -> float:
    """A number from JSON, which has no NaN."""
    return NAN if value is None else value
