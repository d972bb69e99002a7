"""Derivatives beyond one gradient: forward mode, second order, one per sample."""

import contextlib
import re

import keras
import numpy as np
import pytest

import keras_attn
from keras_attn import kernels
from keras_attn.contract.running import attended
from keras_attn.contract.samples import create_random, random_map
from keras_attn.layers import AttentionLayer

BACKEND = keras.backend.backend()
if BACKEND == "tensorflow":
    pytest.skip("TensorFlow has no function transforms", allow_module_level=True)

# PyTorch's own, at the first use of forward mode.
pytestmark = pytest.mark.filterwarnings("ignore:`torch.jit.script` is deprecated")

#: PyTorch has no `vmap` of Keras's channels_last convolutions of full-size maps.
WITHOUT_VMAP = ("bam", "gam", "ema", "cpca") if BACKEND == "torch" else ()

# Compilation on JAX costs seconds per layer.
QUICK = ("csa",)
KEYS = [
    pytest.param(key, marks=[pytest.mark.slow_on("jax")] * (key not in QUICK))
    for key in keras_attn.list_layers()
]
SHAPE = (2, 4, 3, 32)


def transforms():
    """The backend's grad, jvp, vmap, hessian, and its conversion of an array."""
    if BACKEND == "torch":
        import torch

        f = torch.func
        return f.grad, f.jvp, f.vmap, f.hessian, torch.tensor
    import jax

    return jax.grad, jax.jvp, jax.vmap, jax.hessian, jax.numpy.asarray


def total_of(layer, weighting):
    """A function that gives one number for a map."""

    def total(x):
        return (attended(layer(x)) * weighting).sum()

    return total


def array(tensor):
    """A NumPy array, of a tensor that may carry a gradient too."""
    return keras.ops.convert_to_numpy(tensor)


def wherever_derivatives_exist():
    """Where every derivative of the backend exists."""
    return kernels.plain() if BACKEND == "jax" else contextlib.nullcontext()


@pytest.mark.parametrize("key", KEYS)
def test_forward_mode_agrees_with_the_gradient(key):
    grad, jvp, _, _, tensor = transforms()
    layer = create_random(keras_attn.describe(key), SHAPE)
    x, direction, weighting = (tensor(random_map(SHAPE, seed=seed)) for seed in range(3))
    total = total_of(layer, weighting)
    gradient = grad(total)(x)
    with wherever_derivatives_exist():
        _, slope = jvp(total, (x,), (direction,))
    np.testing.assert_allclose(array(slope), array((gradient * direction).sum()), rtol=1e-3)


@pytest.mark.parametrize("key", KEYS)
def test_gradients_per_sample_are_those_of_the_samples(key):
    grad, _, vmap, _, tensor = transforms()
    layer = create_random(keras_attn.describe(key), SHAPE)
    x, weighting = (tensor(random_map(SHAPE, seed=seed)) for seed in range(2))

    def total(x, weighting):
        return (attended(layer(x[None])) * weighting).sum()

    if key in WITHOUT_VMAP:
        with pytest.raises(RuntimeError, match=r"NYI: .* inside vmap"):
            vmap(grad(total))(x, weighting)
        return
    each = vmap(grad(total))(x, weighting)
    together = grad(total_of(layer, weighting))(x)
    np.testing.assert_allclose(array(each), array(together), rtol=1e-3, atol=1e-5)


@pytest.mark.slow_on("jax")
def test_a_hessian_is_the_slope_of_the_gradient():
    grad, _, _, hessian, tensor = transforms()
    shape = (1, 3, 2, 4)
    layer = create_random(keras_attn.describe("csa"), shape)
    x, direction, weighting = (tensor(random_map(shape, seed=seed)) for seed in range(3))
    total = total_of(layer, weighting)
    with wherever_derivatives_exist():
        matrix = array(hessian(total)(x)).reshape(24, 24)
    step = 1e-2
    slope = (grad(total)(x + step * direction) - grad(total)(x - step * direction)) / (2 * step)
    product = matrix @ array(direction).ravel()
    np.testing.assert_allclose(product, array(slope).ravel(), rtol=0.02, atol=2e-3)


@pytest.mark.skipif(BACKEND != "jax", reason="PyTorch has forward mode everywhere")
def test_jax_says_what_base_py_quotes_where_forward_mode_is_missing():
    _, jvp, _, _, tensor = transforms()
    layer = create_random(keras_attn.describe("csa"), SHAPE)
    x = tensor(random_map(SHAPE))
    message = "can't apply forward-mode autodiff (jvp) to a custom_vjp function"
    assert message in " ".join(AttentionLayer.__doc__.split())
    with pytest.raises(TypeError, match=re.escape(message)):
        jvp(total_of(layer, 1.0), (x,), (x,))
