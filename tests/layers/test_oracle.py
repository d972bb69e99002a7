"""The layers against the NumPy oracle, over random shapes and arguments.

In float64 on TensorFlow. On JAX and PyTorch Keras itself computes in float32 whatever is asked
for, so that is what is compared there.
"""

import functools
from contextlib import suppress
from random import Random

import keras
import numpy as np
import oracle
import pytest
from gradients import output_and_input_gradient
from hypothesis import given, settings
from hypothesis import strategies as st
from keras import ops

from keras_attn import catalogue
from keras_attn.arguments import constructor_arguments
from keras_attn.contract.running import attended, run
from keras_attn.contract.samples import random_state
from keras_attn.layers.torch_weights import load_torch_weights, published_variables

DTYPE, TOLERANCE = (
    ("float64", 1e-11) if keras.backend.backend() == "tensorflow" else ("float32", 5e-5)
)
# Where gates multiply gates and normalise what they get, float32's error grows.
DEEP_TOLERANCE = max(TOLERANCE, 1e-10) * 10

ALL = catalogue.list_layers()

#: Arguments that change what a module computes, beside its defaults.
VARIANTS = [
    ("se", {"use_bias": False}),
    ("eca", {"kernel_size": None}),
    ("eca", {"kernel_size": 5}),
    ("cbam", {"spatial": False}),
    ("cbam", {"pools": ("mean",)}),
    ("cbam", {"pools": ("max",), "kernel_size": 3}),
    ("bam", {"fusion": "sum"}),
    ("gam", {"channel_activation": "sigmoid"}),
    ("gam", {"reduction": 4, "groups": 4}),
    ("gam", {"reduction": 4, "groups": 2, "shuffle_groups": 8}),
    ("gam", {"spatial": False}),
    ("gam", {"channel": False}),
    ("gam", {"pool_size": 3}),
    ("triplet", {"spatial": False}),
    ("triplet", {"kernel_size": 3}),
    ("abn", {"num_classes": 1}),
    ("scse", {"fusion": "sum"}),
    ("simam", {"regularization": 0.5}),
    ("coordinate", {"reduction": 2}),
    ("ela", {"kernel_size": 5, "groups": 32}),
    ("scsa_synergistic", {"num_heads": 4, "qkv_bias": True}),
    ("scsa_synergistic", {"window_size": 2, "downsample": "max"}),
    ("scsa_synergistic", {"window_size": None, "kernel_sizes": (1, 3, 3, 5)}),
    ("scsa_synergistic", {"gate_activation": "softmax", "window_size": 3}),
    ("ema", {"groups": 32}),
    ("ema", {"groups": 1}),
    ("cpca", {"reduction": 2}),
    ("shuffle", {"groups": 1}),
    ("shuffle", {"groups": 16}),
    ("fca", {"frequencies": "low8", "reduction": 4}),
    ("fca", {"frequencies": "bot4", "dct_size": (7, 6)}),
    ("fca", {"frequencies": "top1", "dct_size": 14}),
]

IS_JAX = keras.backend.backend() == "jax"

#: How many combinations of shape and arguments the examples share. JAX compiles for each.
COMBINATIONS = 6 if IS_JAX else 60


@functools.lru_cache(maxsize=2 * COMBINATIONS)
def accepted_combination(key, number):
    """A shape (N, C, *positions) and a layer that takes it, the same for a number in every run.

    Sizes go down to one position and one channel: maps smaller than the kernel, channels below the
    reduction ratio, batches of one. There are a few values of each, so that operations that were
    compiled are used again.
    """
    entry = catalogue.describe(key)
    random = Random(f"{key} {number}")
    for _ in range(1000):
        positions = random.choices([1, 2, 5, 8], k=random.choice(entry.spatial_ranks))
        shape = (random.choice([1, 3]), random.choice([1, 5, 24, 32]), *positions)
        config = {
            "reduction": random.choice([1, 4, 16]),
            "kernel_size": random.choice([1, 3, 7]),
        }
        with suppress(ValueError):
            layer, _ = layer_and_state(entry, shape, **config)
            return shape, layer
    raise AssertionError(f"{key} refuses every shape")


def layer_and_state(entry, shape, seed=7, **config):
    """A layer for (N, C, *positions) with random weights, and these weights."""
    arguments = constructor_arguments(entry.layer_class)
    config = {name: value for name, value in config.items() if name in arguments}
    config = {**entry.sample, **config}
    layer = entry.create(dtype=DTYPE, data_format="channels_first", **config)
    layer.build(shape)
    return layer, new_state(layer, seed)


def new_state(layer, seed):
    """New random weights of a layer."""
    state = {name: array.astype(DTYPE) for name, array in random_state(layer, seed).items()}
    load_torch_weights(layer, state)
    return state


def assert_close(result, expected, tolerance):
    """One map, or a map and logits, within the tolerance relative to the largest value."""
    results = result if isinstance(result, (list, tuple)) else [result]
    expected = expected if isinstance(expected, (list, tuple)) else [expected]
    for ours, theirs in zip(results, expected, strict=True):
        ours = ops.convert_to_numpy(ours)
        assert ours.dtype == DTYPE
        assert np.abs(ours - theirs).max() <= tolerance * np.abs(theirs).max()


def random_maps(shape, count=1):
    return np.random.default_rng(len(shape)).standard_normal((count, *shape)).astype(DTYPE)


@pytest.mark.slow_on("jax", but_representatives=True)
@pytest.mark.parametrize("key", ALL)
@settings(max_examples=20)
@given(number=st.integers(1, COMBINATIONS), seed=st.integers(0, 2**16))
def test_output_is_the_oracles(key, number, seed):
    shape, layer = accepted_combination(key, number)
    state = new_state(layer, seed)
    x = np.random.default_rng(seed + 1).standard_normal(shape).astype(DTYPE)
    expected = oracle.output(key, state, x, **layer.get_config())
    assert_close(run(layer, x), expected, DEEP_TOLERANCE if key in NORMALIZED else TOLERANCE)


@pytest.mark.parametrize(("key", "config"), VARIANTS)
def test_output_of_a_variant_is_the_oracles(key, config):
    (x,) = random_maps((2, 32, 7, 6))
    layer, state = layer_and_state(catalogue.describe(key), x.shape, **config)
    expected = oracle.output(key, state, x, **layer.get_config())
    assert_close(run(layer, x), expected, TOLERANCE)


SHAPES = [(2, 32, 7, 8), (2, 3, 4, 3, 5), (1, 5, 1, 1), (2, 12, 6, 5), (3, 20, 11)]

#: The smallest map that a layer takes, where that is more than one position.
SMALLEST = {"simam": 2, "scsa_synergistic": 3}


def accepts(key, shape):
    """Whether a layer takes such maps; what it refuses, other tests expect it to refuse."""
    entry = catalogue.describe(key)
    _, channels, *sizes = shape
    if len(sizes) not in entry.spatial_ranks or min(sizes) < SMALLEST.get(key, 1):
        return False
    try:
        entry.parameters(channels, spatial_axes=len(sizes), **entry.sample)
    except ValueError:
        return False
    return True


CASES = [(key, shape) for key in ALL for shape in SHAPES if accepts(key, shape)]


def test_every_layer_has_a_case():
    assert {key for key, _ in CASES} == set(ALL)


@pytest.mark.slow_on("jax", but_representatives=True)
@pytest.mark.parametrize(("key", "shape"), CASES)
def test_gradient_is_the_slope_of_the_oracle(key, shape):
    x, weighting, direction = random_maps(shape, count=3)
    layer, state = layer_and_state(catalogue.describe(key), shape)
    _, gradient = output_and_input_gradient(layer, x, weighting)
    step = 1e-6

    def total(sign):
        moved = x + sign * step * direction.astype("float64")
        return (attended(oracle.output(key, state, moved, **layer.get_config())) * weighting).sum()

    slope = (total(1) - total(-1)) / (2 * step)
    scale = np.linalg.norm(gradient) * np.linalg.norm(direction)
    assert abs((gradient * direction).sum() - slope) <= max(TOLERANCE, 1e-8) * scale


def normalizations(layer):
    kind = keras.layers.BatchNormalization
    return [each for each in layer._flatten_layers() if isinstance(each, kind)]


NORMALIZED = ["cbam", "bam", "gam", "triplet", "abn", "coordinate", "nam"]


def test_the_layers_with_batch_normalisation_are_those_listed():
    layers = {key: layer_and_state(catalogue.describe(key), (2, 32, 7, 8))[0] for key in ALL}
    assert [key for key, layer in layers.items() if normalizations(layer)] == NORMALIZED


def train(layer, x):
    """The output in training mode, which changes the running moments of the layer."""
    if keras.backend.backend() != "jax":
        return layer(x, training=True)
    import jax

    @jax.jit
    def stateless(values, x):
        with keras.StatelessScope(list(zip(layer.variables, values, strict=True))) as scope:
            output = layer(x, training=True)
        return output, [scope.get_current_value(variable) for variable in layer.variables]

    output, values = stateless([variable.value for variable in layer.variables], x)
    for variable, value in zip(layer.variables, values, strict=True):
        variable.assign(value)
    return output


@pytest.mark.parametrize("key", NORMALIZED)
def test_training_normalises_by_the_batch_as_the_oracle_does(key):
    (x,) = random_maps((4, 32, 7, 8))
    layer, state = layer_and_state(catalogue.describe(key), x.shape)
    result = train(layer, x)
    module, expected = oracle.run(key, state, x, training=True, **layer.get_config())
    assert_close(result, expected, DEEP_TOLERANCE)
    momenta = {each.momentum for each in normalizations(layer)}
    assert len(momenta) == 1
    (momentum,) = momenta
    variables = {each.name: each.variable for each in published_variables(layer)}
    assert module.moments
    for name, moments in module.moments.items():
        for kind, moment in zip(("running_mean", "running_var"), moments, strict=True):
            name_of_kind = f"{name}.{kind}"
            running = momentum * state[name_of_kind] + (1 - momentum) * moment
            ours = ops.convert_to_numpy(variables[name_of_kind].value)
            np.testing.assert_allclose(ours, running, rtol=DEEP_TOLERANCE, atol=DEEP_TOLERANCE)


@pytest.mark.parametrize(("key", "config"), [*((key, {}) for key in ALL), *VARIANTS])
def test_macs_are_those_that_the_oracle_makes(key, config):
    shape = (2, 32, 7, 8)
    layer, state = layer_and_state(catalogue.describe(key), shape, **config)
    module, _ = oracle.run(key, state, np.zeros(shape), **layer.get_config())
    assert layer.macs(shape) == module.macs
