"""Trains one topology on one image set, for one seed after the other."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import keras
import numpy as np

from keras_attn.data.dataset import Dataset, Split
from keras_attn.graph.cost import cost
from keras_attn.hardware import hardware
from keras_attn.kernels.devices import distributed
from keras_attn.study.batches import TrainingBatches, effective_batch_size, predict_batches
from keras_attn.study.class_weights import class_weights_of_pixels, image_weights
from keras_attn.study.grammar import named
from keras_attn.study.initialization import initialize, seeded
from keras_attn.study.models import Network
from keras_attn.study.phases import Phase, make_phases
from keras_attn.study.precision import computing_in
from keras_attn.study.recalibration import Recalibration
from keras_attn.study.training import Training
from keras_attn.study.trial import NAN, Epoch, Trial
from keras_attn.study.variant_network import build_variant, new_layers
from keras_attn.study.variants import Variant
from keras_attn.tasks.create import learning_task
from keras_attn.tasks.task import LearningTask

#: Batches whose outputs are in memory at a time, where they are large.
BATCHES_JUDGED = 4


class Trainer:
    """Trains one topology on one image set, once for each seed.

    The network is built and compiled for the first seed only, because compilation takes longer
    than a short training. For every seed the initial weights are drawn again and the optimizer
    returns to its first state. The results are those of compiling a new network for each seed, to
    the last bit.

    The images are standardised by a layer of the network, so that a saved network takes images
    as they are in the image set.

    Args:
        dataset: The images.
        variant: A variant or a control, or its text.
        network: What `keras_attn.study.models.read_model` returned.
        config: How it is trained.
    """

    def __init__(
        self, dataset: Dataset, variant: str | Variant, network: Network, config: Training
    ) -> None:
        self.dataset = dataset
        self.variant = named(variant)
        self.topology = str(self.variant)
        self.backbone = network
        self.config = config
        classes = len(dataset.class_names)
        self.task: LearningTask = learning_task(dataset.task, classes, config.label_smoothing)
        if self.task.located == "masks":
            self.task.weigh_classes(class_weights_of_pixels(config.class_weights, dataset))
        self.targets = self.task.encode(dataset.train.labels)
        self.image_weights = image_weights(config.class_weights, dataset)
        self._model: keras.Model | None = None
        self._phases: list[Phase] = []
        self._recalibrations: dict[int, Recalibration] = {}
        self._recalibration: Recalibration | None = None
        self._first_weights: list[np.ndarray] = []
        self._macs = 0
        self._drawn: dict[str, str] | None = None

    @property
    def model(self) -> keras.Model:
        """The network that `run` trained last, with the weights of its best epoch.

        Raises:
            ValueError: If `run` was not called yet.
        """
        if self._model is None:
            raise ValueError("There is no trained model yet: call `run` first.")
        return self._model

    def build(self, seed: int = 0) -> keras.Model:
        """A new network, not compiled, without any change to the random state of the caller.

        Args:
            seed: Decides weights that are drawn in the order of construction, which `run` replaces.
        """
        with seeded(seed), computing_in(self.config.dtype):
            return build_variant(
                self.backbone,
                self.variant,
                self.dataset.image_shape,
                self.dataset.task,
                len(self.dataset.class_names),
                self.dataset,
            )

    def run(self, seed: int, on_epoch: Callable[[int], Any] | None = None) -> Trial:
        """Trains once and scores the best epoch on the test split.

        Args:
            seed: Decides the initial weights, the order of the images and the augmentation. The
                initial weights of a layer depend on the seed and on the name of the layer alone,
                and the images on the seed alone: topologies with the same seed are paired.
            on_epoch: Called with the number of each finished epoch, from 1.

        Returns:
            The trial. Training stops where the loss becomes NaN or infinite.
        """
        with distributed(self.config.devices):
            return self._run(seed, on_epoch)

    def _run(self, seed: int, on_epoch: Callable[[int], Any] | None) -> Trial:
        started = time.perf_counter()
        batches = self._batches(seed)
        is_compiled = self._model is not None
        model = self._model or self._compile(steps=len(batches))
        preparation = 0.0 if is_compiled else time.perf_counter() - started
        self._restart(model, seed)
        watch = _Watch(self, on_epoch)
        self._fit(batches, watch)
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
            preparation=preparation,
            hardware=hardware(),
        )
        if not trial.diverged:
            trial.best, trial.weights = watch.best, watch.weights
            model.set_weights(watch.weights)
            found, _ = self.judged(model, test)
            trial.predictions = found
            trial.scores = self.task.scores(test.labels, found)
            trial.recall = self.task.recall(test.labels, found)
        trial.seconds = time.perf_counter() - started
        return trial

    def logits(self, model: keras.Model, images: np.ndarray) -> np.ndarray:
        """The outputs of a network for any number of images."""
        batch_size = effective_batch_size(self.config, len(self.dataset.train.images))
        return predict_batches(model.predict_on_batch, images, batch_size).astype("float32")

    def judged(self, model: keras.Model, split: Split) -> tuple[np.ndarray, float]:
        """What the metrics of a split are computed from, and its mean loss.

        The outputs for masks or boxes are large, so they are reduced a few batches at a time.

        Returns:
            The predictions and the loss, which is NaN if an output is not finite.
        """
        images, labels = split
        batch_size = effective_batch_size(self.config, len(self.dataset.train.images))
        size = BATCHES_JUDGED * batch_size if self.task.located else len(images)
        found, losses, counts = [], [], []
        for start in range(0, len(images), size):
            part = slice(start, start + size)
            logits = self.logits(model, images[part])
            counts.append(len(logits))
            is_finite = np.isfinite(logits).all()
            losses.append(self.task.loss_of(labels[part], logits) if is_finite else NAN)
            found.append(self.task.predictions(labels[part], logits))
        return np.concatenate(found), float(np.average(losses, weights=counts))

    def recalibrate(self) -> None:
        """Brings the moving statistics of a given model up to date, before it is judged."""
        if self._recalibration is not None:
            images = self.dataset.train.images
            self._recalibration(images, effective_batch_size(self.config, len(images)))

    def _batches(self, seed: int) -> TrainingBatches:
        return TrainingBatches(
            self.dataset.train.images,
            self.targets,
            self.config,
            seed,
            self.image_weights,
            self.task.located,
        )

    def _compile(self, steps: int) -> keras.Model:
        """The network, after one training step and one prediction have compiled it.

        They are run ahead of the first trial so that no epoch of it includes compilation.
        """
        model = self.build()
        self._macs = cost(model).macs
        self._first_weights = model.get_weights()
        self._drawn = new_layers(self.backbone, self.dataset, model)
        self._phases = make_phases(model, self.config, self.task.loss, steps, self._drawn)
        if not isinstance(self.backbone, str):
            self._recalibrations = {phase.end: Recalibration(model) for phase in self._phases}
        for phase in self._phases:
            self._begin(phase)
            phase.model.fit(self._batches(0), epochs=1, steps_per_epoch=1, verbose=0, shuffle=False)
            self.recalibrate()
        self.logits(model, self.dataset.val.images[:1])
        self._model = model
        return model

    def _fit(self, batches: TrainingBatches, watch: _Watch) -> None:
        """Trains all phases, or up to the epoch in which the training diverged."""
        done = 0
        for phase in self._phases:
            self._begin(phase)
            phase.model.fit(
                batches,
                initial_epoch=done,
                epochs=phase.end,
                verbose=0,
                shuffle=False,
                callbacks=[watch],
            )
            done = phase.end
            if watch.has_diverged:
                break
        self._begin(self._phases[-1])

    def _begin(self, phase: Phase) -> None:
        phase.begin(self._phases[0].frozen)
        # What a compiled step does with a frozen layer is fixed, so each phase has its own.
        self._recalibration = self._recalibrations.get(phase.end)

    def _restart(self, model: keras.Model, seed: int) -> None:
        """Returns the network and its optimizers to the state that a seed begins with."""
        model.set_weights(self._first_weights)  # moving averages, which no initializer draws
        initialize(model, seed, self._drawn)
        for phase in self._phases:
            phase.restart()


class _Watch(keras.callbacks.Callback):
    """Times the epochs, scores each on the validation split, and keeps the best weights."""

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
        # Waits for the last step. While steps run on several devices, JAX must not compile
        # anything: both need the threads of the processor.
        model = self.trainer.model
        self.trainer.recalibrate()
        weights = [np.array(weight) for weight in model.get_weights()]
        point = self._score(epoch + 1, seconds, float((logs or {})["loss"]))
        self.curve.append(point)
        if point.finite and (self.best is None or point.rank > self.best.rank):
            self.best = point
            self.weights = weights
        # Weights that are NaN stay NaN.
        self.model.stop_training = self.has_diverged or self._is_exhausted(epoch + 1)
        if self.on_epoch:
            self.on_epoch(epoch + 1)

    @property
    def has_diverged(self) -> bool:
        """Whether the loss of the last epoch is NaN or infinite."""
        return bool(self.curve) and not np.isfinite(self.curve[-1].loss)

    def _is_exhausted(self, epoch: int) -> bool:
        """Whether the validation score has not improved for as long as the training waits.

        Epochs with frozen layers do not count: what follows them can always improve.
        """
        config = self.trainer.config
        best = max(self.best.epoch if self.best else 0, config.freeze_epochs)
        return config.patience is not None and epoch - best >= config.patience

    def _score(self, epoch: int, seconds: float, loss: float) -> Epoch:
        """The point of the learning curve; its scores are NaN if the outputs are not finite."""
        trainer = self.trainer
        val = trainer.dataset.val if trainer.config.select == "validation" else trainer.dataset.test
        predictions, val_loss = trainer.judged(trainer.model, val)
        if not np.isfinite(val_loss):
            return Epoch(epoch, seconds, loss, NAN, NAN, NAN)
        task = trainer.task
        scores = task.scores(val.labels, predictions)
        return Epoch(epoch, seconds, loss, val_loss, scores[task.watched], scores[task.selected_by])
