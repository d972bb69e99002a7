"""Updates of weights on TensorFlow in few operations.

Keras evaluates the schedule of the learning rate once per variable, and Adam in about 30 operations
per variable. TensorFlow without XLA traces and starts each of them: more than half of the
operations of a training step of a small residual network.
"""

from __future__ import annotations

from typing import Any

import keras

from keras_attn.kernels.tensor import Tensor


def with_few_operations(optimizer: keras.optimizers.Optimizer) -> keras.optimizers.Optimizer:
    """The optimiser, which updates weights by the same formula in fewer operations on TensorFlow.

    It is not changed on other backends, or where TensorFlow distributes a model over devices.

    Args:
        optimizer: The optimiser, which is changed and not built yet.
    """
    if keras.backend.backend() != "tensorflow":
        return optimizer
    import tensorflow as tf

    if tf.distribute.has_strategy():
        return optimizer
    optimizer._apply_weight_decay = lambda variables: _decay(optimizer, variables)
    if type(optimizer) in (keras.optimizers.Adam, keras.optimizers.AdamW) and not optimizer.amsgrad:
        optimizer._backend_update_step = lambda gradients, variables, rate: _adam(
            optimizer, gradients, variables, rate
        )
    return optimizer


def _decay(optimizer: Any, variables: list[keras.Variable]) -> None:
    """Weight decay, with one evaluation of the learning rate."""
    if optimizer.weight_decay is None:
        return
    share = optimizer.learning_rate * optimizer.weight_decay
    for variable in variables:
        if optimizer._use_weight_decay(variable):
            variable.value.assign_sub(variable.value * keras.ops.cast(share, variable.dtype))


def _adam(
    optimizer: Any, gradients: list[Tensor], variables: list[keras.Variable], rate: Tensor
) -> None:
    """A step of Adam, by one operation of TensorFlow's per variable."""
    import tensorflow as tf

    step = tf.cast(optimizer.iterations + 1, "float32")
    powers = [tf.pow(beta, step) for beta in (optimizer.beta_1, optimizer.beta_2)]
    for gradient, variable in zip(gradients, variables, strict=True):
        dtype = variable.dtype
        index = optimizer._get_variable_index(variable)
        tf.raw_ops.ResourceApplyAdam(
            var=variable.value.handle,
            m=optimizer._momentums[index].value.handle,
            v=optimizer._velocities[index].value.handle,
            beta1_power=tf.cast(powers[0], dtype),
            beta2_power=tf.cast(powers[1], dtype),
            lr=tf.cast(rate, dtype),
            beta1=tf.constant(optimizer.beta_1, dtype),
            beta2=tf.constant(optimizer.beta_2, dtype),
            epsilon=tf.constant(optimizer.epsilon, dtype),
            grad=tf.cast(tf.convert_to_tensor(gradient), dtype),
        )
