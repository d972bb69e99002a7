import dataclasses
import json
import os
import random
import subprocess
import sys
import time

import keras
import numpy as np
import pytest

from keras_attn.data.statistics import channel_statistics
from keras_attn.kernels import is_xla_on_cpu
from keras_attn.study import trainer as trainer_module
from keras_attn.study.trainer import Trainer
from keras_attn.study.training import Training
from keras_attn.study.trial import Epoch

SCRIPT = """
import json
import numpy as np
from keras_attn.data.dataset import Dataset, Split
from keras_attn.networks.design import Design
from keras_attn.study.built_in import RESIDUAL
from keras_attn.study.training import Training
from keras_attn.study.trainer import Trainer

RESIDUAL["tiny"] = Design("basic", (8, 16), (1, 1), "cifar", (8,), padding="same")
images = np.random.default_rng(0).integers(0, 255, (32, 8, 8, 1)).astype("uint8")
split = Split(images, (np.arange(32) % 2).astype("int64"))
dataset = Dataset("noise", "binary", ("a", "b"), split, split, split)
config = Training(epochs=2, batch_size=8, shift=1, flip=True)
trial = Trainer(dataset, "csa", "tiny", config).run(seed=5)
curve = [[point.loss, point.val_loss, point.val_score] for point in trial.curve]
result = json.dumps([curve, trial.scores, float(sum(w.sum() for w in trial.weights))])
"""


def train(dataset, backbone, topology="csa", seed=1, epochs=2):
    config = Training(epochs=epochs, batch_size=8)
    return Trainer(dataset, topology, backbone, config).run(seed)


def numbers(trial):
    curve = [point._replace(seconds=0.0) for point in trial.curve]
    return curve, trial.scores, trial.best.epoch


@pytest.mark.slow_on("jax", "tensorflow")
def test_the_same_seed_gives_the_same_numbers_in_another_process(tiny):
    environment = {**os.environ, "KERAS_BACKEND": keras.backend.backend()}
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", SCRIPT + "print(result)"],
            env=environment,
            stdout=subprocess.PIPE,
            text=True,
        )
        for _ in range(2)
    ]
    one, other = (process.communicate()[0].splitlines()[-1] for process in processes)
    assert one == other
    scope = {}
    exec(SCRIPT, scope)
    # In a process where much else ran before, as here, the last digit can differ.
    here, there = (np.hstack(flat(json.loads(each))) for each in (scope["result"], one))
    np.testing.assert_allclose(here, there, rtol=1e-5)


def flat(result):
    curve, scores, weights = result
    return [*curve, list(scores.values()), weights]


@pytest.mark.slow_on("jax", "tensorflow")
def test_a_shared_model_gives_the_numbers_of_a_new_one(dataset, tiny):
    shared = Trainer(dataset, "csa", tiny, Training(epochs=2, batch_size=8))
    new = [train(dataset, tiny, seed=seed) for seed in (0, 1)]
    for seed in (0, 1, 0):
        again = shared.run(seed)
        assert numbers(again) == numbers(new[seed])
        for one, other in zip(again.weights, new[seed].weights, strict=True):
            np.testing.assert_array_equal(one, other)
    assert numbers(new[0]) != numbers(new[1])


def test_tensorflow_trains_without_xla_on_the_cpu(dataset, tiny):
    trainer = Trainer(dataset, "none", tiny, Training(epochs=1, batch_size=8))
    trainer.run(seed=0)
    with_xla = {"jax": True, "tensorflow": not is_xla_on_cpu(), "torch": False}
    assert trainer.model.jit_compile is with_xla[keras.backend.backend()]


def test_the_random_state_of_the_caller_is_left_alone(dataset, tiny):
    random.seed(1), np.random.seed(1)
    expected = random.random(), np.random.random()
    random.seed(1), np.random.seed(1)
    train(dataset, tiny, epochs=1)
    assert (random.random(), np.random.random()) == expected


def test_the_weights_of_the_best_epoch_are_kept_and_judged(dataset, tiny, monkeypatch):
    preset = iter([0.6, 0.9, 0.9, 0.7])
    judge = trainer_module._Watch._score
    monkeypatch.setattr(
        trainer_module._Watch,
        "_score",
        lambda self, *point: judge(self, *point)._replace(val_score=next(preset), val_loss=0.5),
    )
    trainer = Trainer(dataset, "none", tiny, Training(epochs=4, batch_size=8))
    seen, numbers = [], []

    def on_epoch(number):
        numbers.append(number)
        seen.append([np.array(weight) for weight in trainer._model.get_weights()])

    trial = trainer.run(0, on_epoch)
    assert numbers == [1, 2, 3, 4]
    assert trial.best.epoch == 2  # the first of equals
    assert any((one != other).any() for one, other in zip(seen[1], seen[3], strict=True))
    for kept, expected in zip(trial.weights, seen[1], strict=True):
        np.testing.assert_array_equal(kept, expected)
    fresh = trainer.build()
    fresh.set_weights(seen[1])
    probabilities = trainer.task.probabilities(trainer.logits(fresh, dataset.test.images))
    assert trial.scores == trainer.task.scores(dataset.test.labels, probabilities)


def test_epochs_are_ranked_by_auc_then_by_loss():
    def rank(val_score, val_loss):
        return Epoch(1, 0.0, 0.0, val_loss, 0.0, val_score).rank

    assert rank(0.9, 2.0) > rank(0.8, 1.0)
    assert rank(0.9, 1.0) > rank(0.9, 2.0)
    assert rank(0.1, 2.0) > rank(float("nan"), 1.0)
    assert rank(float("nan"), 1.0) > rank(float("nan"), 2.0)


def test_a_loss_that_is_no_number_is_recorded_and_ends_the_trial(dataset, tiny):
    config = Training(epochs=5, batch_size=8, learning_rate=1e38)
    trial = Trainer(dataset, "none", tiny, config).run(0)
    assert trial.diverged
    assert trial.best is None
    assert len(trial.curve) < 5
    assert not np.isfinite(trial.curve[-1].loss)
    assert np.isnan(list(trial.scores.values())).all()
    assert set(trial.scores) == {"accuracy", "balanced_accuracy", "auc", "calibration_error"}


@pytest.mark.slow_on("jax", "tensorflow")
@pytest.mark.parametrize("task", ["binary", "multi-class", "ordinal", "multi-label"])
def test_every_kind_of_task_learns(dataset_of, tiny, task):
    dataset = dataset_of(task, sizes=(96, 40, 60))
    config = Training(epochs=8, batch_size=16, learning_rate=0.01)
    trial = Trainer(dataset, "none", tiny, config).run(0)
    assert trial.scores["auc"] > 0.8
    assert trial.curve[-1].loss < trial.curve[0].loss
    assert ("kappa" in trial.scores) == (task == "ordinal")


def test_compilation_is_measured_apart_from_the_epochs(dataset, tiny, monkeypatch):
    compile_ = Trainer._compile

    def slow(self, steps):
        time.sleep(0.5)
        return compile_(self, steps)

    monkeypatch.setattr(Trainer, "_compile", slow)
    trainer = Trainer(dataset, "none", tiny, Training(epochs=1, batch_size=8))
    first, second = trainer.run(0), trainer.run(1)
    assert first.preparation >= 0.5
    assert second.preparation == 0.0
    assert second.seconds < first.seconds
    # The first epoch has no compilation in it, so that one epoch is enough to time a step.
    assert first.seconds_per_epoch < 0.5


@pytest.mark.parametrize("topology", ["csa", "matched-csa"])
def test_trials_are_paired_by_their_seed(dataset, tiny, monkeypatch, topology):
    seen = {}

    def fit(self, batches, **options):
        if "callbacks" in options:  # not the step that only compiles
            kernels = {
                layer.name: layer.get_weights()[0]
                for layer in self.layers
                if isinstance(layer, keras.layers.Conv2D)
            }
            seen.setdefault(len(self.layers), []).append((kernels, *map(np.copy, batches[0])))
            raise KeyboardInterrupt

    monkeypatch.setattr(keras.Model, "fit", fit)
    config = Training(epochs=1, batch_size=8, shift=2, flip=True)
    for key in ("none", topology):
        trainer = Trainer(dataset, key, tiny, config)
        for seed in (0, 3):
            with pytest.raises(KeyboardInterrupt):
                trainer.run(seed)
    plain, attended = seen.values()
    for one, other in zip(plain, attended, strict=True):
        assert len(one[0]) == 6
        for name, kernel in one[0].items():
            np.testing.assert_array_equal(other[0][name], kernel, err_msg=name)
        np.testing.assert_array_equal(one[1], other[1])
        np.testing.assert_array_equal(one[2], other[2])
    assert (plain[0][0]["stem_conv"] != plain[1][0]["stem_conv"]).any()
    assert (plain[0][1] != plain[1][1]).any()


def test_an_epoch_is_the_median_and_a_step_of_the_fastest(dataset, tiny):
    trial = dataclasses.replace(train(dataset, tiny, "none", epochs=1), steps=4)
    trial.curve = [trial.curve[0]._replace(seconds=seconds) for seconds in (9.0, 1.0, 3.0)]
    assert trial.seconds_per_epoch == 2.0
    assert trial.seconds_per_step == 0.25
    trial.curve = trial.curve[:1]
    assert trial.seconds_per_epoch == 9.0


def test_images_are_standardised_by_the_training_split():
    images = np.random.default_rng(0).integers(0, 255, (30, 5, 6, 3)).astype("uint8")
    images[..., 2] = 7
    found = channel_statistics(images)
    np.testing.assert_allclose(found["mean"], images.mean(axis=(0, 1, 2)))
    variance = images.var(axis=(0, 1, 2))
    np.testing.assert_allclose(found["variance"], [variance[0], variance[1], 1.0])
