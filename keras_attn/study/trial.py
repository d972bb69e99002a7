"""A trial: one topology, one seed, trained on one image set, judged on its test split."""

from __future__ import annotations

import random
import statistics
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, fields, replace
from typing import Any, NamedTuple

import keras
import numpy as np

from keras_attn.data.dataset import Dataset
from keras_attn.devices import distributed, jit_compile
from keras_attn.graph.cost import cost
from keras_attn.study.backbone import build_model
from keras_attn.study.batches import TrainingBatches, effective_batch_size, predict_batches
from keras_attn.study.configuration import TrainingConfig
from keras_attn.study.control import BASELINE, attention_of
from keras_attn.study.metrics import recall_by_class
from keras_attn.study.tasks import Scores, TaskHead, task_head

NAN = float("nan")


class Epoch(NamedTuple):
    """A point of a learning curve."""

    epoch: int
    seconds: float
    loss: float
    val_loss: float
    val_accuracy: float
    val_auc: float

    @property
    def rank(self) -> tuple[float, float]:
        """What epochs are compared by: validation AUC; if it is tied or undefined, low loss."""
        return (self.val_auc if np.isfinite(self.val_auc) else -np.inf, -self.val_loss)

    @property
    def finite(self) -> bool:
        """Whether training and validation still gave numbers."""
        return bool(np.isfinite(self.loss) and np.isfinite(self.val_loss))


@dataclass
class Trial:
    """What came of a trial.

    Attributes:
        topology: A key of the catalogue, `"none"`, or `"matched-"` and a key.
        seed: Decided the first weights and the order of the images.
        parameters: Trainable parameters of the whole network.
        macs: Multiply-accumulates of the whole network for one image.
        steps: Training steps of an epoch.
        curve: The epochs that were trained.
        best: The epoch with the best validation score, the earliest of equals; None if the
            training diverged.
        scores: Metrics on the test split, with the weights of that epoch; NaN if the training
            diverged.
        recall: Of each class on the test split, likewise.
        diverged: Whether the loss stopped being a number. The trial is then a failure of the
            topology that is counted, not averaged over.
        error: What ended it, if it failed in any other way; everything else is then empty.
        seconds: What it took in all.
        weights: The weights of the best epoch.
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
    weights: list[np.ndarray] = field(repr=False, default_factory=list)

    @property
    def seconds_per_epoch(self) -> float:
        """Median time to train an epoch; the first, which compiles, counts only if alone."""
        return statistics.median([point.seconds for point in self.curve[1:] or self.curve] or [NAN])

    @property
    def seconds_per_step(self) -> float:
        """Median time of a training step, from that of an epoch."""
        return self.seconds_per_epoch / max(1, self.steps)

    @property
    def reason(self) -> str:
        """Why it failed, in a line; empty if it did not."""
        return self.error.strip().rpartition("\n")[2]

    @property
    def preference(self) -> tuple[float, float, bool, str, int]:
        """What the best of several trials is least in; among equals, one without attention."""
        score, loss = self.best.rank if self.best else (-np.inf, -np.inf)
        return (-score, -loss, self.topology != BASELINE, self.topology, self.seed)

    def as_dict(self) -> dict[str, Any]:
        """What JSON can hold; the weights are left out."""
        values = asdict(replace(self, weights=[]))
        return {**values, "best": self.best.epoch if self.best else None}

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> Trial:
        """The trial that `as_dict` was made of.

        Raises:
            KeyError: If a value is missing.
            TypeError: If a value is of another kind.
        """
        known = {each.name: values[each.name] for each in fields(cls)}
        curve = [Epoch(*point) for point in known["curve"]]
        best = next((point for point in curve if point.epoch == known["best"]), None)
        return cls(**{**known, "curve": curve, "best": best})


class Trainer:
    """Trains one topology on one image set, once a seed.

    The network is built and compiled for the first seed only: tracing and compiling it takes
    longer than a short training. For every other seed a new network is built, which costs a
    fraction of a second, and its first weights are moved into the compiled one; the optimiser
    starts again from its first state. The results are those of compiling anew, to the last bit.

    The images are standardised by a layer of the network, so that a saved network takes images
    as they are in the image set.

    Args:
        dataset: The images.
        topology: A key of the catalogue, `"none"`, or `"matched-"` and a key.
        backbone: Which residual network.
        config: How it is trained.
    """

    def __init__(
        self, dataset: Dataset, topology: str, backbone: str, config: TrainingConfig
    ) -> None:
        self.dataset = dataset
        self.topology = topology
        self.backbone = backbone
        self.config = config
        self.task: TaskHead = task_head(dataset.task, len(dataset.class_names))
        self.targets = self.task.encode(dataset.train.labels)
        self._model: keras.Model | None = None
        self._optimizer_state: list[np.ndarray] = []
        self._macs = 0

    @property
    def model(self) -> keras.Model:
        """The network that `run` trained last, at its best epoch.

        Raises:
            ValueError: If none was trained yet.
        """
        if self._model is None:
            raise ValueError("There is no model before the first `run`.")
        return self._model

    def build(self) -> keras.Model:
        """A new network, not compiled."""
        return build_model(
            self.dataset.image_shape,
            self.dataset.task,
            len(self.dataset.class_names),
            attention=attention_of(self.topology),
            backbone=self.backbone,
            preprocessing=keras.layers.Normalization(
                name="standardise", **self.dataset.channel_statistics
            ),
        )

    def run(self, seed: int, on_epoch: Callable[[int], Any] | None = None) -> Trial:
        """Trains once, and judges the best epoch.

        Args:
            seed: Decides the first weights and the order of the images.
            on_epoch: Called with the number of each finished epoch, from 1.

        Returns:
            The trial. If its loss stopped being a number, that is where training stopped.
        """
        with distributed(self.config.devices):
            return self._run(seed, on_epoch)

    def _run(self, seed: int, on_epoch: Callable[[int], Any] | None) -> Trial:
        started = time.perf_counter()
        batches = TrainingBatches(self.dataset.train.images, self.targets, self.config, seed)
        model = self._prepare(seed, steps=len(batches) * self.config.epochs)
        watch = _Watch(self, on_epoch)
        model.fit(batches, epochs=self.config.epochs, verbose=0, shuffle=False, callbacks=[watch])
        test = self.dataset.test
        trial = Trial(
            topology=self.topology,
            seed=seed,
            parameters=sum(int(np.prod(weight.shape)) for weight in model.trainable_weights),
            macs=self._macs,
            steps=len(batches),
            curve=watch.curve,
            scores=dict.fromkeys(self.task.metric_names, NAN),
            recall=[NAN] * len(self.dataset.class_names),
            diverged=watch.best is None or not np.isfinite(watch.curve[-1].loss),
        )
        if not trial.diverged:
            trial.best, trial.weights = watch.best, watch.weights
            model.set_weights(watch.weights)
            probabilities = self.task.probabilities(self.logits(model, test.images))
            trial.scores = self.task.scores(test.labels, probabilities)
            trial.recall = recall_by_class(test.labels, probabilities)
        trial.seconds = time.perf_counter() - started
        return trial

    def logits(self, model: keras.Model, images: np.ndarray) -> np.ndarray:
        """What a network answers, for images of any number."""
        batch_size = effective_batch_size(self.config, len(self.dataset.train.images))
        return predict_batches(model.predict_on_batch, images, batch_size)

    def _prepare(self, seed: int, steps: int) -> keras.Model:
        """The compiled network in the state that the seed alone decides."""
        with seeded(seed):
            fresh = self.build()
        if self._model is None:
            optimizer = self.config.optimizer(steps)
            fresh.compile(optimizer, self.task.loss, jit_compile=jit_compile())
            optimizer.build(fresh.trainable_variables)
            self._optimizer_state = [_numpy(variable) for variable in optimizer.variables]
            self._model, self._macs = fresh, cost(fresh).macs
            return fresh
        for variable, first in zip(self._model.variables, fresh.variables, strict=True):
            variable.assign(_numpy(first))
        state = zip(self._model.optimizer.variables, self._optimizer_state, strict=True)
        for variable, value in state:
            variable.assign(value)
        return self._model


@contextmanager
def seeded(seed: int) -> Iterator[None]:
    """Has everything that is built inside draw its random state from the seed alone.

    Every initialiser and random layer of Keras takes its seed from Python's generator when it
    is made, on every backend. `keras.utils.set_random_seed` would do as well, but on TensorFlow
    it discards every compiled function. The generator is put back as it was.
    """
    state = random.getstate()
    random.seed(seed)
    try:
        yield
    finally:
        random.setstate(state)


class _Watch(keras.callbacks.Callback):
    """Times the epochs, judges each on the validation split, and keeps the best weights."""

    def __init__(self, trainer: Trainer, on_epoch: Callable[[int], Any] | None) -> None:
        super().__init__()
        self.trainer = trainer
        self.on_epoch = on_epoch
        self.curve: list[Epoch] = []
        self.best: Epoch | None = None
        self.weights: list[np.ndarray] = []
        self.started = 0.0

    def on_epoch_begin(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        self.started = time.perf_counter()

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        seconds = time.perf_counter() - self.started
        # Waits for the last step. While steps of several devices run, JAX must compile nothing:
        # both want the threads of the processor.
        weights = [np.array(weight) for weight in self.model.get_weights()]
        point = self._judge(epoch + 1, seconds, float((logs or {})["loss"]))
        self.curve.append(point)
        if point.finite and (self.best is None or point.rank > self.best.rank):
            self.best = point
            self.weights = weights
        if not np.isfinite(point.loss):
            self.model.stop_training = True  # weights that are no numbers stay none
        if self.on_epoch:
            self.on_epoch(epoch + 1)

    def _judge(self, epoch: int, seconds: float, loss: float) -> Epoch:
        """The point of the learning curve; all NaN where the network's answers are."""
        trainer, val = self.trainer, self.trainer.dataset.val
        logits = trainer.logits(self.model, val.images)
        if not np.isfinite(logits).all():
            return Epoch(epoch, seconds, loss, NAN, NAN, NAN)
        scores = trainer.task.scores(val.labels, trainer.task.probabilities(logits))
        val_loss = trainer.task.loss_of(val.labels, logits)
        return Epoch(epoch, seconds, loss, val_loss, scores["accuracy"], scores["auc"])


def _numpy(variable: keras.Variable) -> np.ndarray:
    """A copy of a variable's value."""
    return np.array(keras.ops.convert_to_numpy(variable))
