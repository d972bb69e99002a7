"""Gradients with respect to the input, one way for the three backends."""

import keras
import numpy as np
from keras import ops

from keras_attn.contract import attended


def output_and_input_gradient(layer, x, weighting):
    """The attended map for x, and the gradient of sum(map * weighting) with respect to x."""
    backend = keras.backend.backend()
    if backend == "tensorflow":
        import tensorflow as tf

        x = tf.constant(x)
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = attended(layer(x))
            total = tf.reduce_sum(y * weighting)
        gradient = tape.gradient(total, x)
    elif backend == "jax":
        import jax

        x = jax.numpy.asarray(x)

        def total_and_output(x):
            y = attended(layer(x))
            return (y * weighting).sum(), y

        (_, y), gradient = jax.jit(jax.value_and_grad(total_and_output, has_aux=True))(x)
    else:
        import torch

        x = torch.tensor(np.asarray(x), requires_grad=True)
        y = attended(layer(x))
        (y * torch.tensor(np.asarray(weighting))).sum().backward()
        gradient = x.grad
    return ops.convert_to_numpy(y), ops.convert_to_numpy(gradient)
