"""The kernels of the backend compute what NumPy or the backend's own operations do."""

import math

import keras
import numpy as np
import pytest
from gradients import output_and_input_gradient, output_and_input_gradients
from keras import ops

from keras_attn import kernels
from keras_attn.gates.normalization import BatchNormalization
from keras_attn.kernels import banded, taps
from keras_attn.kernels.interface import Kernels


def assert_same(function, expected, inputs, weighting):
    """Both functions give the same output for the inputs, and the same gradient by each."""
    ours, theirs = (
        output_and_input_gradients(each, inputs, weighting) for each in (function, expected)
    )
    for one, other in zip([ours[0], *ours[1]], [theirs[0], *theirs[1]], strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-4, atol=1e-5)


@pytest.mark.skipif(keras.backend.backend() == "torch", reason="PyTorch has its own convolution")
@pytest.mark.parametrize("kernel_size", [1, 3, 7])
@pytest.mark.parametrize("positions", [(9,), (4, 6), (1, 1), (3, 2, 5)])
def test_banded_products_are_the_convolution(positions, kernel_size):
    generator = np.random.default_rng(0)
    maps = generator.standard_normal((2, *positions, 3)).astype("float32")
    kernels = generator.standard_normal((1, 3, *[kernel_size] * len(positions))).astype("float32")
    weighting = generator.standard_normal((2, *positions)).astype("float32")
    assert_same(banded.correlation, Kernels().correlate, [maps, kernels], weighting)


@pytest.mark.skipif(keras.backend.backend() == "torch", reason="PyTorch has its own convolution")
@pytest.mark.parametrize(
    ("positions", "kernel_size"),
    [((9,), (3,)), ((6, 5), (5, 3)), ((6, 5), (1, 7)), ((6, 5), (7, 1)), ((2, 70), (3, 5))],
)
def test_sums_of_taps_are_the_depthwise_convolution(positions, kernel_size):
    generator = np.random.default_rng(0)
    x, weighting = generator.standard_normal((2, 2, *positions, 3)).astype("float32")
    kernel = generator.standard_normal((*kernel_size, 3)).astype("float32")

    def convolution(x, kernel):
        kernel = ops.expand_dims(kernel, -1)
        return ops.depthwise_conv(x, kernel, padding="same", data_format="channels_last")

    assert_same(taps.depthwise_correlation, convolution, [x, kernel], weighting)


@pytest.mark.parametrize(("channels", "filters"), [(2, 5), (5, 2)])
@pytest.mark.parametrize(("positions", "kernel_size"), [((6, 5), (3, 7)), ((1, 2), (5, 1))])
def test_a_convolution_is_that_of_the_backend(positions, kernel_size, channels, filters):
    generator = np.random.default_rng(0)
    x = generator.standard_normal((3, *positions, channels)).astype("float32")
    kernel = generator.standard_normal((*kernel_size, channels, filters)).astype("float32")
    weighting = generator.standard_normal((3, *positions, filters)).astype("float32")
    assert_same(kernels.convolve, Kernels().convolve, [x, kernel], weighting)


@pytest.mark.skipif(keras.backend.backend() != "jax", reason="reads the program that JAX traces")
def test_the_gradient_of_a_convolutions_kernel_is_not_a_convolution():
    import jax

    x, kernel = np.ones((2, 6, 6, 3), "float32"), np.ones((3, 3, 3, 4), "float32")
    gradient = jax.grad(lambda x, kernel: ops.sum(kernels.convolve(x, kernel)), (0, 1))
    # One forward, and one for the gradient by the map.
    assert str(jax.make_jaxpr(gradient)(x, kernel)).count("conv_general_dilated[") == 2


@pytest.mark.skipif(keras.backend.backend() != "jax", reason="reads the program that JAX compiles")
def test_taps_are_computed_once_in_a_compiled_program():
    import jax

    size = 7
    x = np.ones((2, 16, 16, 8), "float32")
    row, column = np.ones((1, size, 8), "float32"), np.ones((size, 1, 8), "float32")

    def loss(x, row, column):
        correlate = taps.depthwise_correlation
        return ops.sum(ops.square(correlate(correlate(x, row), column)))

    step = jax.jit(jax.grad(loss, (0, 1, 2)))
    multiplications = step.lower(x, row, column).compile().as_text().count(" multiply(")
    # One per tap, of each kernel and each gradient by a map; and a few that are not of taps.
    assert 4 * size <= multiplications < 6 * size


SHAPES_OF_GATES = {
    "channel": (3, 1, 1, 6),
    "spatial": (3, 5, 4, 1),
    "sample": (3, 1, 1, 1),
    "blend": (1, 1, 1, 1),
}


@pytest.mark.parametrize("channels_first", [False, True])
@pytest.mark.parametrize(
    "names",
    [
        *((name,) for name in SHAPES_OF_GATES),
        ("channel", "spatial"),
        ("spatial", "channel"),
        ("channel", "sample"),
    ],
)
def test_gradients_by_gates_are_the_sums_that_numpy_takes(names, channels_first):
    generator = np.random.default_rng(0)
    x, weighting = generator.standard_normal((2, 3, 5, 4, 6)).astype("float32")
    gates = [generator.uniform(size=SHAPES_OF_GATES[name]).astype("float32") for name in names]
    if channels_first:
        x, weighting, *gates = (np.moveaxis(a, -1, 1) for a in (x, weighting, *gates))
    for number, gate in enumerate(gates):
        others = [ops.convert_to_tensor(g) for g in gates[:number] + gates[number + 1 :]]
        product, gradient = output_and_input_gradient(
            lambda gate, others=others: kernels.times(ops.convert_to_tensor(x), gate, *others),
            gate,
            weighting,
        )
        rest = math.prod(gates[:number] + gates[number + 1 :])
        np.testing.assert_allclose(product, x * gate * rest, rtol=1e-5)
        axes = tuple(axis for axis, length in enumerate(gate.shape) if length == 1)
        expected = (weighting * x * rest).sum(axes, keepdims=True)
        np.testing.assert_allclose(gradient, expected, rtol=1e-4, atol=1e-5)


def test_the_gradients_of_a_sum_of_gates_are_sums():
    weighting = np.random.default_rng(0).standard_normal((3, 5, 4, 6)).astype("float32")
    zeros = {name: np.zeros(shape, "float32") for name, shape in SHAPES_OF_GATES.items()}
    for mine, other in (("channel", "spatial"), ("spatial", "channel")):
        axes = tuple(axis for axis, length in enumerate(zeros[mine].shape) if length == 1)
        expected = weighting.sum(axes, keepdims=True)
        fixed = zeros[other]
        for total in (
            lambda gate, fixed=fixed: kernels.plus(gate, ops.convert_to_tensor(fixed)),
            lambda gate, fixed=fixed: kernels.plus(ops.convert_to_tensor(fixed), gate),
        ):
            _, gradient = output_and_input_gradient(total, zeros[mine], weighting)
            np.testing.assert_allclose(gradient, expected, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("axes", [(0,), (1, 2), (0, 1, 2), (3,), (1, 3)])
def test_a_normalised_map_and_its_gradient_are_those_of_numpy(axes):
    generator = np.random.default_rng(0)
    # A mean that is large beside the deviation: E[x²] - E[x]² would be inexact.
    x = (100 + generator.standard_normal((2, 4, 5, 6))).astype("float32")
    weighting = generator.standard_normal(x.shape).astype("float32")
    unit, gradient = output_and_input_gradient(
        lambda x: kernels.normalized(x, axes, epsilon=0.5), x, weighting
    )
    wide, upstream = x.astype("float64"), weighting.astype("float64")

    def mean(values):
        return values.mean(axes, keepdims=True)

    scale = 1 / np.sqrt(wide.var(axes, keepdims=True) + 0.5)
    expected = (wide - mean(wide)) * scale
    np.testing.assert_allclose(unit, expected, atol=2e-4)
    slope = scale * (upstream - mean(upstream) - expected * mean(upstream * expected))
    np.testing.assert_allclose(gradient, slope, atol=1e-4)


def test_a_weighted_sum_and_its_gradients_are_those_of_numpy():
    generator = np.random.default_rng(0)
    x, weights = (generator.standard_normal(s).astype("float32") for s in ((2, 4, 5, 6), (4, 5, 6)))
    weighting = generator.standard_normal((2, 1, 1, 6)).astype("float32")
    expected = (x * weights).sum((1, 2), keepdims=True)
    slopes = {"x": weighting * weights, "weights": (weighting * x).sum(0, keepdims=True)}
    for name, given in (("x", x), ("weights", weights[None])):
        y, gradient = output_and_input_gradient(
            lambda value, name=name: kernels.weighted_sum(
                value if name == "x" else ops.convert_to_tensor(x),
                value if name == "weights" else ops.convert_to_tensor(weights[None]),
                (1, 2),
            ),
            given,
            weighting,
        )
        np.testing.assert_allclose(y, expected, rtol=1e-4, atol=1e-5)
        np.testing.assert_allclose(gradient, slopes[name], rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("shape", [(0, 2, 3, 16), (1, 1, 1, 16), (5, 16), (2, 3, 1, 2, 16)])
def test_a_batch_of_any_size_is_normalised(shape):
    x = np.random.default_rng(0).standard_normal(shape).astype("float32")
    axes = tuple(range(len(shape) - 1))
    found = kernels.chosen().normalized(ops.convert_to_tensor(x), axes)
    with kernels.plain():
        expected = kernels.chosen().normalized(ops.convert_to_tensor(x), axes)
    for ours, theirs in zip(found, expected, strict=True):
        ours, theirs = map(ops.convert_to_numpy, (ours, theirs))
        np.testing.assert_allclose(ours, theirs, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("axes", [(1, 2), (0, 1, 2)])
def test_the_gradients_of_scale_and_offset_are_those_of_numpy(axes):
    generator = np.random.default_rng(0)
    x, weighting = (generator.standard_normal((2, 4, 5, 6)).astype("float32") for _ in range(2))
    scale, offset = generator.uniform(1, 2, (2, 6)).astype("float32")
    unit = (x - x.mean(axes, keepdims=True)) / np.sqrt(x.var(axes, keepdims=True) + 1e-5)
    for given, factor in ((scale, unit), (offset, 1)):
        y, gradient = output_and_input_gradient(
            lambda value, given=given: kernels.normalized(
                ops.convert_to_tensor(x),
                axes,
                scale=value if given is scale else ops.convert_to_tensor(scale),
                offset=value if given is offset else ops.convert_to_tensor(offset),
            ),
            given,
            weighting,
        )
        np.testing.assert_allclose(y, unit * scale + offset, rtol=1e-4, atol=1e-4)
        np.testing.assert_allclose(gradient, (weighting * factor).sum((0, 1, 2)), rtol=1e-3)


def test_batches_are_normalised_as_keras_does_and_its_statistics_move():
    generator = np.random.default_rng(0)
    x, weighting = (generator.standard_normal((4, 3, 5, 6)).astype("float32") for _ in range(2))
    found = []
    for layer in (BatchNormalization(), keras.layers.BatchNormalization()):
        layer.epsilon, layer.momentum = 1e-5, 0.9
        layer.build(x.shape)
        layer.gamma.assign(np.linspace(-1, 2, 6))
        layer.beta.assign(np.linspace(0, 1, 6))
        y, gradient = output_and_input_gradient(
            lambda x, layer=layer: layer(x, training=True), x, weighting
        )
        if keras.backend.backend() == "jax":
            layer(x, training=True)  # what is compiled there has no state
        found.append([y, gradient, *map(ops.convert_to_numpy, layer.non_trainable_variables)])
    for ours, theirs in zip(*found, strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-4, atol=1e-5)
