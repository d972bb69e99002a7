"""The configuration of trainings, and that each part of it does what it says."""

import dataclasses

import keras
import numpy as np
import pytest
from image_sets import make_dataset
from keras import layers, ops

from keras_attn.data.dataset import Split
from keras_attn.study.adaptation import HEAD
from keras_attn.study.arguments import with_changes
from keras_attn.study.augmentation import PRESETS
from keras_attn.study.batches import TrainingBatches
from keras_attn.study.class_weights import image_weights
from keras_attn.study.details import training_in_words
from keras_attn.study.models import GivenModel
from keras_attn.study.optimizer import learning_rate, make_optimizer
from keras_attn.study.trainer import Trainer
from keras_attn.study.training import Training
from keras_attn.study.training_checks import check_training
from keras_attn.tasks.create import learning_task


@pytest.mark.once
@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"optimizer": "adamv"}, r"no optimizer 'adamv'\. Did you mean 'adam"),
        ({"optimizer": "sgd(momentun=0.9)"}, "'sgd.momentun=0.9.' cannot be made: .*momentun"),
        ({"optimizer": "sgd(momentum)"}, "text 'sgd.momentum.' cannot be read: expected ="),
        ({"optimizer": 3}, "`optimizer` must be a text such as 'adamw'"),
        ({"schedule": "linear"}, "`schedule` must be one of"),
        ({"schedule": "steps"}, "`milestones` must be increasing"),
        ({"milestones": (3,)}, "`milestones` must be increasing"),
        ({"schedule": "steps", "milestones": (6, 3)}, "`milestones` must be increasing"),
        ({"label_smoothing": 1}, "`label_smoothing` must be a number of at least 0 and below 1"),
        ({"class_weights": "equal"}, "`class_weights` must be None, 'balanced', or"),
        ({"class_weights": {"a": -1}}, "`class_weights` must be a number of at least 0"),
        ({"dtype": "float16"}, "`dtype` must be one of"),
        ({"patience": 0}, "`patience` must be"),
        ({"clip_norm": 0}, "`clip_norm` must be a number above 0"),
        ({"augmentation": "mixup"}, "`augmentation` must be one of none, shift-flip"),
        ({"freeze_epochs": 10}, "`freeze_epochs` must be less than `epochs`"),
        ({"unfrozen_rate": 0}, "`unfrozen_rate` must be a number above 0"),
    ],
)
def test_what_is_not_valid_is_refused(settings, message):
    with pytest.raises(ValueError, match=message):
        Training(**settings)


@pytest.mark.once
def test_settings_are_values_for_json_and_come_back():
    training = Training(
        optimizer=keras.optimizers.SGD(0.1, momentum=0.9),
        schedule="steps",
        milestones=(np.float32(2), 5),
        augmentation=layers.RandomZoom(0.1),
        class_weights={"a": 1, "b": 2},
        epochs=np.int64(8),
    )
    stored = training.as_dict()
    assert keras.saving.serialize_keras_object(stored["optimizer"])
    assert Training(**{**stored, "milestones": tuple(stored["milestones"])}) == training
    # Studies that were stored before the later settings existed can be resumed.
    assert set(Training().as_dict()) == {
        *("epochs", "batch_size", "learning_rate", "weight_decay", "shift", "flip")
    }
    words = training_in_words(training)
    assert words["Optimiser"].startswith("SGD, learning rate 0.003 times 0.1 after 2, 5 epochs")
    assert words["Augmentation"] == "the layer RandomZoom"
    assert with_changes(training, {"epochs": 9, "flip": None}).epochs == 9
    with pytest.raises(ValueError, match=r"`training` must be a keras_attn\.Training"):
        with_changes({"epochs": 3}, {})


@pytest.mark.once
@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ({"schedule": "constant"}, [1, 1, 1, 1]),
        ({"schedule": "steps", "milestones": (1, 3)}, [1, 0.1, 0.1, 0.01]),
        ({"schedule": "steps", "milestones": (2,), "warmup_epochs": 2}, [1 / 8, 5 / 8, 0.1, 0.1]),
        ({"schedule": "cosine"}, [(1 + np.cos(np.pi * epoch / 4)) / 2 for epoch in range(4)]),
        ({"schedule": "cosine", "warmup_epochs": 1}, [0, 1, 0.75, 0.25]),
    ],
)
def test_the_learning_rate_at_the_beginning_of_each_epoch(settings, expected):
    rate = learning_rate(Training(epochs=4, learning_rate=0.5, **settings), 4, 4)
    found = [float(rate(4 * epoch)) for epoch in range(4)]
    np.testing.assert_allclose(found, 0.5 * np.array(expected), rtol=1e-5, atol=1e-8)


def test_trained_weights_learn_at_their_own_rate():
    training = Training(
        optimizer="sgd", learning_rate=0.1, weight_decay=0, schedule="constant", pretrained_rate=0.2
    )
    weights = [keras.Variable(np.ones(3), name=name) for name in ("old", "new")]
    optimizer = make_optimizer(training, 1, 1, slow=[weights[0].path])
    optimizer.build(weights)
    optimizer.apply([ops.ones(3), ops.ones(3)], weights)
    found = [ops.convert_to_numpy(weight)[0] for weight in weights]
    np.testing.assert_allclose(found, [0.98, 0.9], rtol=1e-6)


@pytest.mark.once
def test_class_weights_and_label_smoothing_reach_the_loss():
    dataset = make_dataset("multi-class")
    names = dataset.class_names
    labels = np.array([0, 0, 0, 1, 2, 2])
    few = dataclasses.replace(dataset, train=Split(dataset.train.images[:6], labels))
    balanced = image_weights("balanced", few)
    np.testing.assert_allclose(balanced.mean(), 1)
    sums = [balanced[labels == label].sum() for label in range(3)]
    np.testing.assert_allclose(sums, sums[0], rtol=1e-6)
    table = image_weights(dict(zip(names, range(len(names)), strict=True)), few)
    np.testing.assert_allclose(table / table[3], labels)
    batch = TrainingBatches(few.train.images, labels, Training(batch_size=3), 0, balanced)[0]
    np.testing.assert_allclose(batch[2], balanced[[list(labels).index(each) for each in batch[1]]])
    head = learning_task("multi-class", 4, 0.2)
    np.testing.assert_allclose(head.encode(np.array([2])), [[0, 0, 1, 0]])
    uniform = -np.log(softmaxed([3.0, 0, 0, 0]))
    expected = 0.8 * uniform[0] + 0.2 * uniform.mean()
    found = head.loss_of(np.array([0]), np.array([[3.0, 0, 0, 0]]))
    np.testing.assert_allclose(found, expected, rtol=1e-5)


def softmaxed(logits):
    exponentials = np.exp(logits)
    return exponentials / exponentials.sum()


@pytest.mark.once
def test_every_augmentation_changes_images_and_depends_on_the_seed_alone():
    images = np.random.default_rng(0).integers(0, 255, (8, 16, 16, 3)).astype("uint8")
    targets = np.zeros(8)
    kinds = [*PRESETS[1:], layers.RandomRotation(0.2)]
    batches = {}
    for kind in kinds:
        training = Training(batch_size=8, augmentation=kind)
        first, again, other = (
            TrainingBatches(images, targets, training, seed)[0][0] for seed in (1, 1, 2)
        )
        np.testing.assert_array_equal(first, again)
        assert first.shape == images.shape
        assert 0 <= first.min() <= first.max() <= 255
        assert not np.array_equal(first, other)
        batches[str(kind)] = first
    plain = TrainingBatches(images, targets, Training(batch_size=8), 1)[0][0]
    every = [plain, *batches.values()]
    assert len({each.tobytes() for each in every}) == len(every)


def trained_model():
    """A small model with batch normalisation and weights that no initializer gives."""
    inputs = keras.Input((8, 8, 1))
    x = layers.Conv2D(16, 3, padding="same", name="conv")(inputs)
    x = layers.BatchNormalization(name="norm")(x)
    x = layers.ReLU(name="relu")(x)
    x = layers.GlobalAveragePooling2D(name="pool")(x)
    model = keras.Model(inputs, layers.Dense(7, name="other_head")(x), name="pretrained")
    random = np.random.default_rng(0)
    model.set_weights([random.uniform(0.5, 1, weight.shape) for weight in model.weights])
    return model


def test_frozen_layers_wait_until_the_new_ones_were_trained(monkeypatch):
    dataset = make_dataset()
    network = GivenModel(trained_model(), value_range=(0.0, 1.0))
    training = Training(epochs=3, batch_size=8, freeze_epochs=2, pretrained_rate=0.5)
    check_training(training, [dataset], network)
    trainer = Trainer(dataset, "se@relu", network, training)
    seen = []

    def look(epoch):
        flat = {each.name: each for each in trainer.model._flatten_layers()}
        names = ("conv", "norm", HEAD)
        seen.append([ops.convert_to_numpy(flat[name].variables[0]).copy() for name in names])

    first = trainer.run(3, look)
    (conv, norm, head), (conv2, norm2, head2), (conv3, norm3, _) = seen
    np.testing.assert_array_equal(conv, conv2)
    np.testing.assert_array_equal(norm, norm2)
    assert (head != head2).any()
    assert (conv2 != conv3).any()
    assert (norm2 != norm3).any()
    assert first.parameters > sum(map(np.size, (conv, head)))
    again = trainer.run(3)
    assert [point.loss for point in again.curve] == [point.loss for point in first.curve]


def test_mixed_precision_trains_and_scores_in_float32(tiny):
    dataset = make_dataset()
    training = Training(epochs=2, batch_size=8, dtype="mixed_bfloat16", clip_norm=1.0)
    trainer = Trainer(dataset, "csa", tiny, training)
    trial = trainer.run(0)
    assert np.isfinite(trial.scores["auc"])
    policies = {layer.dtype_policy.name for layer in trainer.model._flatten_layers()}
    assert "mixed_bfloat16" in policies
    assert keras.config.dtype_policy().name == "float32"
    assert trainer.logits(trainer.model, dataset.val.images).dtype == np.float32


def test_a_training_ends_early_when_nothing_improves(tiny):
    training = Training(epochs=20, batch_size=8, learning_rate=0.0, patience=1)
    trial = Trainer(make_dataset(), "none", tiny, training).run(0)
    assert len(trial.curve) < 20
    assert len(trial.curve) == trial.best.epoch + 1


@pytest.mark.once
@pytest.mark.parametrize(
    ("settings", "network", "message"),
    [
        ({"freeze_epochs": 1}, "resnet8", "resnet8 has random ones"),
        ({"pretrained_rate": 0.1}, "resnet8", "are for models with trained weights"),
        ({"class_weights": {"x": 1.0}}, "resnet8", "one weight for each class of the images"),
        ({"dtype": "mixed_bfloat16"}, "model", "pretrained is constructed already"),
    ],
)
def test_what_does_not_fit_the_images_or_the_model_is_refused(settings, network, message):
    given = GivenModel(trained_model()) if network == "model" else network
    with pytest.raises(ValueError, match=message):
        check_training(Training(**settings), [make_dataset()], given)
