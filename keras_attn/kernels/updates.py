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
    own = keras.optimizers.Optimizer._apply_weight_decay
    if type(optimizer)._apply_weight_decay is own:  # Muon has another
        optimizer._apply_weight_decay = lambda variables: _decay(optimizer, variables)
    if type(optimizer) in (keras.optimizers.Adam, keras.optimizers.AdamW) and not optimizer.amsgrad:
        usual = optimizer._backend_update_step

        def update(gradients: list[Tensor], variables: list[keras.Variable], rate: Tensor) -> None:
            # In half precision TensorFlow's operation would round 0.999 to 1.
            if all(each.dtype == "float32" for each in variables):
                _adam(optimizer, gradients, variables, rate)
            else:
                usual(gradients, variables, rate)

        optimizer._backend_update_step = update
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
        index = optimizer._get_variable_index(variable)
        tf.raw_ops.ResourceApplyAdam(
            var=variable.value.handle,
            m=optimizer._momentums[index].value.handle,
            v=optimizer._velocities[index].value.handle,
            beta1_power=powers[0],
            beta2_power=powers[1],
            lr=tf.cast(rate, "float32"),
            beta1=tf.constant(optimizer.beta_1, "float32"),
            beta2=tf.constant(optimizer.beta_2, "float32"),
            epsilon=tf.constant(optimizer.epsilon, "float32"),
            grad=tf.cast(tf.convert_to_tensor(gradient), "float32"),
        )
