"""SimAM's gate and its gradient are those of plain operations, however they are computed."""

import keras
import numpy as np
import pytest
from gradients import output_and_input_gradient
from keras import ops

from keras_attn import kernels


@pytest.mark.parametrize("shape", [(2, 7, 3), (3, 16, 5, 4), (2, 3, 4, 5, 6)])
@pytest.mark.parametrize("regularization", [1e-4, 2.0])
def test_the_gate_and_its_gradient_are_those_of_plain_operations(shape, regularization):
    generator = np.random.default_rng(0)
    x = 3 + generator.standard_normal(shape).astype("float32")
    x[0, ..., 0] = 3.0  # a constant channel
    upstream = generator.standard_normal(shape).astype("float32")
    axes = tuple(range(1, len(shape) - 1))

    def gate(x):
        return kernels.energy(x, axes, None, regularization)

    found = output_and_input_gradient(gate, x, upstream)
    with kernels.plain():
        expected = output_and_input_gradient(gate, x, upstream)
    for ours, theirs in zip(found, expected, strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-4, atol=1e-5)


@pytest.mark.skipif(keras.backend.backend() != "jax", reason="lax.map is a function of JAX")
def test_the_gradient_can_be_computed_image_by_image():
    import jax

    x = np.random.default_rng(0).standard_normal((3, 6, 5, 4)).astype("float32")

    def gate(x):
        return kernels.energy(x, (1, 2), None, 1e-4)

    def by_image(x):
        one = jax.checkpoint(lambda image: gate(image[None])[0])
        return ops.sum(jax.lax.map(one, x) ** 2)

    expected = jax.jit(jax.grad(lambda x: ops.sum(gate(x) ** 2)))(x)
    np.testing.assert_allclose(jax.jit(jax.grad(by_image))(x), expected, rtol=1e-4, atol=1e-5)
