"""Gradients with respect to the input, one way for the three backends."""

import keras
import numpy as np
from keras import ops

from keras_attn.contract.running import attended


def output_and_input_gradient(function, x, weighting):
    """The attended map for x, and the gradient of sum(map * weighting) with respect to x.

    `function` is a layer or any function of x; what else a function uses is constant.
    """
    y, (gradient,) = output_and_input_gradients(function, [x], weighting)
    return y, gradient


def output_and_input_gradients(function, inputs, weighting):
    """The same for a function of several maps: the gradient with respect to each."""
    backend = keras.backend.backend()
    if backend == "tensorflow":
        import tensorflow as tf

        inputs = [tf.constant(x) for x in inputs]
        with tf.GradientTape() as tape:
            tape.watch(inputs)
            y = attended(function(*inputs))
            total = tf.reduce_sum(y * weighting)
        gradients = tape.gradient(total, inputs)
    elif backend == "jax":
        y, gradients = _with_jax(function, inputs, weighting)
    else:
        import torch

        inputs = [torch.tensor(np.asarray(x), requires_grad=True) for x in inputs]
        y = attended(function(*inputs))
        (y * torch.tensor(np.asarray(weighting))).sum().backward()
        gradients = [x.grad for x in inputs]
    return ops.convert_to_numpy(y), [ops.convert_to_numpy(each) for each in gradients]


def positive_tensors(shapes):
    """PyTorch's random float64 tensors above 0.1, which require gradients."""
    import torch

    generator = torch.Generator().manual_seed(0)
    return [
        torch.rand(shape, generator=generator, dtype=torch.float64).add_(0.1).requires_grad_()
        for shape in shapes
    ]


def _with_jax(function, inputs, weighting):
    """Compiled as a whole; the weights are arguments, or XLA would compute with them itself."""
    import jax

    variables = function.variables if isinstance(function, keras.Layer) else []

    def total_and_output(inputs, weighting, values):
        with keras.StatelessScope(list(zip(variables, values, strict=True))):
            y = attended(function(*inputs))
        return (y * weighting).sum(), y

    gradient_of = jax.jit(jax.value_and_grad(total_and_output, has_aux=True))
    values = [variable.value for variable in variables]
    inputs, weighting = jax.tree.map(jax.numpy.asarray, (list(inputs), weighting))
    (_, y), gradients = gradient_of(inputs, weighting, values)
    return y, gradients
