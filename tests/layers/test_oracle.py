"""The layers against the NumPy oracle, over random shapes and arguments.

In float64 on TensorFlow. On JAX and PyTorch Keras itself computes in float32 whatever is asked
for, so that is what is compared there.
"""

import inspect

import keras
import numpy as np
import oracle
import pytest
from gradients import output_and_input_gradient
from hypothesis import given, settings
from hypothesis import strategies as st
from keras import ops

from keras_attn import catalogue
from keras_attn.torch_weights import load_torch_weights, published_variables

DTYPE, TOLERANCE = (
    ("float64", 1e-11) if keras.backend.backend() == "tensorflow" else ("float32", 5e-5)
)

# Sizes down to one position and one channel: maps smaller than the kernel, channels below the
# reduction ratio, batches of one. A few values of each, so that compiled operations are shared.
positions = st.lists(st.sampled_from([1, 2, 5, 8]), min_size=1, max_size=3)
shapes = st.tuples(st.sampled_from([1, 3]), st.sampled_from([1, 5, 24, 40]), positions)


def layer_and_state(entry, shape, seed, **config):
    """A layer for (N, C, *positions) with random weights, and these weights."""
    arguments = inspect.signature(entry.layer_class).parameters
    config = {name: value for name, value in config.items() if name in arguments}
    layer = entry.create(dtype=DTYPE, data_format="channels_first", **config)
    layer.build(shape)
    generator = np.random.default_rng(seed)
    state = {
        each.name: (generator.standard_normal(each.torch_shape) / 2).astype(DTYPE)
        for each in published_variables(layer)
    }
    load_torch_weights(layer, state)
    return layer, state


@pytest.mark.parametrize("key", catalogue.list_layers())
@settings(max_examples=20)
@given(
    shape=shapes,
    reduction=st.sampled_from([1, 4, 16]),
    kernel_size=st.sampled_from([1, 3, 7]),
    seed=st.integers(0, 2**16),
)
def test_output_is_the_oracles(key, shape, reduction, kernel_size, seed):
    batch, channels, sizes = shape
    x = np.random.default_rng(seed + 1).standard_normal((batch, channels, *sizes)).astype(DTYPE)
    layer, state = layer_and_state(
        catalogue.describe(key), x.shape, seed, reduction=reduction, kernel_size=kernel_size
    )
    result = ops.convert_to_numpy(layer(x))
    expected = oracle.output(key, state, x)
    assert result.dtype == DTYPE
    assert np.abs(result - expected).max() <= TOLERANCE * np.abs(expected).max()


@pytest.mark.parametrize("shape", [(1, 5, 1, 1), (2, 12, 6, 5), (2, 3, 4, 3, 5), (3, 20, 11)])
@pytest.mark.parametrize("key", catalogue.list_layers())
def test_gradient_is_the_slope_of_the_oracle(key, shape):
    generator = np.random.default_rng(len(shape))
    x, weighting, direction = generator.standard_normal((3, *shape)).astype(DTYPE)
    layer, state = layer_and_state(catalogue.describe(key), shape, seed=7)
    _, gradient = output_and_input_gradient(layer, x, weighting)
    step = 1e-6
    ahead, behind = (
        (oracle.output(key, state, x + sign * step * direction.astype("float64")) * weighting).sum()
        for sign in (1, -1)
    )
    slope = (ahead - behind) / (2 * step)
    scale = np.linalg.norm(gradient) * np.linalg.norm(direction)
    assert abs((gradient * direction).sum() - slope) <= max(TOLERANCE, 1e-8) * scale
