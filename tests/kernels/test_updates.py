"""Updates of weights in few operations give the weights that Keras gives."""

import keras
import numpy as np
import pytest

from keras_attn.kernels.updates import with_few_operations
from keras_attn.study.optimizer import make_optimizer
from keras_attn.study.optimizer_names import new_optimizer
from keras_attn.study.training import Training

if keras.backend.backend() != "tensorflow":
    pytest.skip("other backends keep Keras's own updates", allow_module_level=True)

import tensorflow as tf


@pytest.fixture(autouse=True)
def mode():
    """Updates do not depend on the mode of the kernels."""


def trained(optimizer, dtype="float32"):
    """The weights after three steps, and the number of operations of a step."""
    generator = np.random.default_rng(0)
    weights = [keras.Variable(generator.standard_normal((3, 4)), dtype) for _ in range(4)]
    optimizer.build(weights)
    step = tf.function(lambda gradients: optimizer.apply(gradients, weights))
    for _ in range(3):
        step([tf.constant(generator.standard_normal((3, 4)), dtype) for _ in weights])
    operations = step.get_concrete_function([tf.zeros((3, 4), dtype) for _ in weights])
    found = np.stack([keras.ops.convert_to_numpy(weight) for weight in weights])
    return found.astype("float32"), len(operations.graph.get_operations())


@pytest.mark.parametrize(
    ("name", "given"),
    [
        ("adamw", {"weight_decay": 0.1}),
        ("adam", {"weight_decay": None, "beta_1": 0.8, "beta_2": 0.9, "epsilon": 0.01}),
        ("adamw", {"weight_decay": 0.1, "amsgrad": True, "global_clipnorm": 0.5}),
        ("adamw", {"weight_decay": 0.1, "use_ema": True, "clipnorm": 0.5}),
        ("sgd", {"weight_decay": 0.1, "momentum": 0.9}),
    ],
)
@pytest.mark.parametrize("dtype", ["float32", "bfloat16"])
def test_the_weights_are_those_of_keras_after_fewer_operations(name, given, dtype):
    schedule = keras.optimizers.schedules.CosineDecay(0.1, 10)
    expected, usual = trained(new_optimizer(name, learning_rate=schedule, **given), dtype)
    optimizer = with_few_operations(new_optimizer(name, learning_rate=schedule, **given))
    found, fewer = trained(optimizer, dtype)
    tolerance = 1e-6 if dtype == "float32" else 0.02
    np.testing.assert_allclose(found, expected, rtol=tolerance, atol=tolerance)
    assert fewer < usual if given["weight_decay"] else fewer <= usual


def test_a_study_trains_with_less_than_half_of_the_operations_of_adamw():
    training = Training(weight_decay=5e-4)
    rate = keras.optimizers.schedules.CosineDecay(training.learning_rate, 100)
    usual = keras.optimizers.AdamW(rate, weight_decay=training.weight_decay)
    assert trained(make_optimizer(training, 10, 10))[1] < trained(usual)[1] / 2


def test_a_distributed_optimizer_is_that_of_keras():
    optimizer = keras.optimizers.AdamW(0.1)
    with tf.distribute.MirroredStrategy(["CPU:0"]).scope():
        with_few_operations(optimizer)
    assert "_backend_update_step" not in vars(optimizer)
