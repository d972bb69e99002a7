"""The phases of a training: with the trained layers frozen, and then with everything."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace

import keras
import numpy as np

from keras_attn.kernels.devices import jit_compile
from keras_attn.study.initialization import layers_of
from keras_attn.study.optimizer import make_optimizer
from keras_attn.study.training import Training


@dataclass
class Phase:
    """Epochs in which the same layers are trained.

    Attributes:
        model: The compiled network. The phases share all layers, and each has its own compiled
            step, because which layers are trained is fixed when a step is compiled.
        end: The number of the last epoch.
        frozen: The layers that are not trained.
        first: What the optimiser begins with.
    """

    model: keras.Model
    end: int
    frozen: tuple[keras.layers.Layer, ...] = ()
    first: list[np.ndarray] = field(default_factory=list)

    def begin(self, all_layers: Iterable[keras.layers.Layer]) -> None:
        """Freezes the layers of this phase alone."""
        for layer in all_layers:
            layer.trainable = layer not in self.frozen

    def restart(self) -> None:
        """Returns the optimiser to its first state."""
        for variable, value in zip(self.model.optimizer.variables, self.first, strict=True):
            variable.assign(value)


def make_phases(
    model: keras.Model,
    training: Training,
    loss: keras.losses.Loss,
    steps: int,
    new: Iterable[str] | None,
) -> list[Phase]:
    """The phases of a training, each with a compiled network.

    Args:
        model: The network, whose layers are all trainable.
        training: The configuration.
        loss: The loss.
        steps: Steps per epoch.
        new: Paths of the layers that have no trained weights; None if that is all.
    """
    trained = () if new is None else trained_layers(model, new)
    slow = [weight.path for layer in trained for weight in layer.trainable_variables]
    slow = slow if training.pretrained_rate != 1.0 else []
    phases = []
    rate = 1.0
    if training.freeze_epochs:
        frozen = Phase(keras.Model(model.inputs, model.outputs), training.freeze_epochs, trained)
        constant = replace(training, schedule="constant", milestones=())
        frozen.begin(trained)
        _compile(frozen, loss, make_optimizer(constant, steps, frozen.end))
        phases.append(frozen)
        rate = training.unfrozen_rate
    last = Phase(model, training.epochs)
    last.begin(trained)
    epochs = training.epochs - training.freeze_epochs
    _compile(last, loss, make_optimizer(training, steps, epochs, rate, slow))
    return [*phases, last]


def trained_layers(model: keras.Model, new: Iterable[str]) -> tuple[keras.layers.Layer, ...]:
    """The layers that have trained weights: all that a seed does not draw."""
    drawn = frozenset(new)
    return tuple(layer for path, layer in layers_of(model) if path not in drawn)


def _compile(phase: Phase, loss: keras.losses.Loss, optimizer: keras.optimizers.Optimizer) -> None:
    phase.model.compile(optimizer, loss, jit_compile=jit_compile())
    # With mixed_float16, Keras has put an optimiser that scales the loss around it.
    phase.model.optimizer.build(phase.model.trainable_variables)
    phase.first = [
        np.array(keras.ops.convert_to_numpy(variable))
        for variable in phase.model.optimizer.variables
    ]
