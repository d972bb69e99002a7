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

#: Of the weights.
SHAPES = [(3, 4), (5,), (4, 3), (2,)]


@pytest.fixture(autouse=True)
def mode():
    """Updates do not depend on the mode of the kernels."""


def trained(optimizer, dtype="float32"):
    """The weights after three steps, and the number of operations of a step."""
    generator = np.random.default_rng(0)
    arrays = [generator.standard_normal(shape) for shape in SHAPES]
    weights = [keras.Variable(array, dtype=dtype) for array in arrays]
    optimizer.build(weights)
    step = tf.function(lambda gradients: optimizer.apply(gradients, weights))
    for _ in range(3):
        step([tf.constant(generator.standard_normal(shape), dtype) for shape in SHAPES])
    operations = step.get_concrete_function([tf.zeros(shape, dtype) for shape in SHAPES])
    found = [np.ravel(keras.ops.convert_to_numpy(weight)) for weight in weights]
    return np.concatenate(found).astype("float32"), len(operations.graph.get_operations())


@pytest.mark.parametrize(
    ("name", "given", "dtype"),
    [
        ("adamw", {"weight_decay": 0.1}, "float32"),
        ("adamw", {"weight_decay": 0.1}, "bfloat16"),
        ("adam", {"beta_1": 0.8, "beta_2": 0.9, "epsilon": 0.01}, "float32"),
        ("adamw", {"weight_decay": 0.1, "amsgrad": True, "global_clipnorm": 0.5}, "float32"),
        ("adamw", {"weight_decay": 0.1, "use_ema": True, "clipnorm": 0.5}, "float32"),
        ("adamw", {"weight_decay": 0.1, "gradient_accumulation_steps": 2}, "float32"),
        ("sgd", {"weight_decay": 0.1, "momentum": 0.9}, "float32"),
        ("muon", {"weight_decay": 0.1, "adam_weight_decay": 0.5}, "float32"),
        ("nadam", {"weight_decay": 0.1}, "float32"),
    ],
)
def test_the_weights_are_those_of_keras(name, given, dtype):
    schedule = keras.optimizers.schedules.CosineDecay(0.1, 10)
    expected, usual = trained(new_optimizer(name, learning_rate=schedule, **given), dtype)
    optimizer = with_few_operations(new_optimizer(name, learning_rate=schedule, **given))
    found, fewer = trained(optimizer, dtype)
    # TensorFlow computes 1 - 0.999 in float32. Three steps change a weight by about 0.1 each.
    tolerance = 1e-5 if dtype == "float32" else 0.02
    np.testing.assert_allclose(found, expected, rtol=tolerance, atol=tolerance)
    assert fewer <= usual


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
