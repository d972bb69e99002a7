"""The optimiser of a training: its schedule, and learning rates of groups of weights."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import keras

from keras_attn.kernels.updates import with_few_operations
from keras_attn.study.optimizer_names import new_optimizer
from keras_attn.study.training import Training


def make_optimizer(
    training: Training,
    steps: int,
    epochs: int,
    rate: float = 1.0,
    slow: Iterable[str] = (),
) -> keras.optimizers.Optimizer:
    """A new optimiser for a part of a training.

    Args:
        training: The configuration.
        steps: Steps per epoch.
        epochs: Epochs of the part.
        rate: A factor of the learning rate.
        slow: Paths of the variables whose rate is multiplied by `training.pretrained_rate`.
    """
    given: dict[str, Any] = {
        "learning_rate": learning_rate(training, steps, epochs, rate),
        "weight_decay": training.weight_decay or None,
    }
    if training.clip_norm is not None:
        given["global_clipnorm"] = training.clip_norm
    optimizer = with_few_operations(new_optimizer(training.optimizer, **given))
    slow = frozenset(slow)
    return with_slower(optimizer, slow, training.pretrained_rate) if slow else optimizer


def learning_rate(
    training: Training, steps: int, epochs: int, rate: float = 1.0
) -> float | keras.optimizers.schedules.LearningRateSchedule:
    """The learning rate over a part of a training."""
    highest = training.learning_rate * rate
    warmup = round(training.warmup_epochs * steps)
    if training.schedule == "cosine":
        decay = max(1, steps * epochs - warmup)
        if not warmup:
            return keras.optimizers.schedules.CosineDecay(highest, decay)
        return keras.optimizers.schedules.CosineDecay(
            0.0, decay, warmup_target=highest, warmup_steps=warmup
        )
    ends = [round(each * steps) for each in training.milestones]
    rates = [highest * training.factor**number for number in range(len(ends) + 1)]
    return Steps(ends, rates, warmup)


class Steps(keras.optimizers.schedules.LearningRateSchedule):
    """Constant rates between given steps, after a linear rise.

    Args:
        ends: The steps at which the next rate begins, increasing.
        rates: One rate more than `ends`.
        warmup: Steps in which the rate rises linearly from near 0.
    """

    def __init__(self, ends: list[int], rates: list[float], warmup: int = 0) -> None:
        super().__init__()
        self.ends, self.rates, self.warmup = ends, rates, warmup

    def __call__(self, step: Any) -> Any:
        """The rate of a step, counted from 0."""
        step = keras.ops.cast(step, "float32")
        rate = keras.ops.convert_to_tensor(self.rates[0], "float32")
        for end, lower in zip(self.ends, self.rates[1:], strict=True):
            rate = keras.ops.where(step >= end, lower, rate)
        return rate * keras.ops.minimum(1.0, (step + 1.0) / max(1, self.warmup))


def with_slower(
    optimizer: keras.optimizers.Optimizer, slow: frozenset[str], factor: float
) -> keras.optimizers.Optimizer:
    """The optimiser, with another learning rate for some variables.

    Keras has one rate for all variables. Its method that updates all variables at once is
    therefore called once per group. Weight decay is not scaled.

    Args:
        optimizer: The optimiser, which is changed.
        slow: Paths of the variables.
        factor: Their rate as a multiple of that of all others.
    """
    update = optimizer._backend_update_step

    def update_groups(gradients: Any, variables: Any, rate: Any) -> None:
        pairs = list(zip(gradients, variables, strict=True))
        for scale, group in (
            (1.0, [pair for pair in pairs if pair[1].path not in slow]),
            (factor, [pair for pair in pairs if pair[1].path in slow]),
        ):
            if group:
                update([gradient for gradient, _ in group], [v for _, v in group], rate * scale)

    optimizer._backend_update_step = update_groups
    return optimizer
