"""Gradients with respect to the input, one way for the three backends."""

import keras
import numpy as np
from keras import ops

from keras_attn.contract.running import attended


def output_and_input_gradient(function, x, weighting):
    """The attended map for x, and the gradient of sum(map * weighting) with respect to x.

    `function` is a layer or any function of x; what else a function uses is constant.
    """
    backend = keras.backend.backend()
    if backend == "tensorflow":
        import tensorflow as tf

        x = tf.constant(x)
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = attended(function(x))
            total = tf.reduce_sum(y * weighting)
        gradient = tape.gradient(total, x)
    elif backend == "jax":
        y, gradient = _with_jax(function, x, weighting)
    else:
        import torch

        x = torch.tensor(np.asarray(x), requires_grad=True)
        y = attended(function(x))
        (y * torch.tensor(np.asarray(weighting))).sum().backward()
        gradient = x.grad
    return ops.convert_to_numpy(y), ops.convert_to_numpy(gradient)


def positive_tensors(shapes):
    """PyTorch's random float64 tensors above 0.1, which require gradients."""
    import torch

    generator = torch.Generator().manual_seed(0)
    return [
        torch.rand(shape, generator=generator, dtype=torch.float64).add_(0.1).requires_grad_()
        for shape in shapes
    ]


def _with_jax(function, x, weighting):
    """Compiled as a whole; the weights are arguments, or XLA would compute with them itself."""
    import jax

    variables = function.variables if isinstance(function, keras.Layer) else []

    def total_and_output(x, weighting, values):
        with keras.StatelessScope(list(zip(variables, values, strict=True))):
            y = attended(function(x))
        return (y * weighting).sum(), y

    gradient_of = jax.jit(jax.value_and_grad(total_and_output, has_aux=True))
    values = [variable.value for variable in variables]
    (_, y), gradient = gradient_of(jax.numpy.asarray(x), jax.numpy.asarray(weighting), values)
    return y, gradient
