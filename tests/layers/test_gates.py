"""What gates promise beyond the layers' contract: precision, shapes, arguments."""

import math

import keras
import numpy as np
import pytest
from gradients import output_and_input_gradient
from keras import ops

import keras_attn
from keras_attn.gates import ChannelGate, MixingGate, SpatialGate
from keras_attn.gates.correlation import banded_correlation, convolution
from keras_attn.gates.count import count_true
from keras_attn.gates.depthwise import depthwise_correlation
from keras_attn.gates.statistics import max_over, mean_over, pooled_over
from keras_attn.gates.sums import plus, times

HALF = ["float16", "bfloat16"]


@pytest.mark.parametrize("dtype", HALF)
def test_means_of_half_precision_maps_are_summed_in_float32(dtype):
    # 65,536 values of about 8: their sum is beyond float16, and stalls in bfloat16.
    values = 8 + np.random.default_rng(0).standard_normal((1, 256, 256, 2)).astype("float32")
    x = ops.cast(ops.convert_to_tensor(values), dtype)
    exact = ops.convert_to_numpy(ops.cast(x, "float32")).astype("float64")
    mean = mean_over(x, (1, 2))
    assert keras.backend.standardize_dtype(mean.dtype) == "float32"
    np.testing.assert_allclose(ops.convert_to_numpy(mean), exact.mean((1, 2)), rtol=1e-5)
    largest = ops.convert_to_numpy(max_over(x, 3))
    np.testing.assert_array_equal(largest, exact.max(3).astype("float32"))


@pytest.mark.parametrize("dtype", HALF)
@pytest.mark.parametrize(
    ("gate_class", "config"),
    [(ChannelGate, {}), (SpatialGate, {}), (MixingGate, {"branches": 3})],
)
def test_a_gate_of_a_half_precision_map_is_the_float32_gate_rounded(dtype, gate_class, config):
    gate = gate_class(data_format="channels_last", **config)
    x = ops.cast(8 + keras.random.normal((2, 16, 16, 24), seed=1), dtype)
    gate.build(x.shape)
    low = gate(x)
    full = gate(ops.cast(x, "float32"))
    assert keras.backend.standardize_dtype(low.dtype) == dtype
    np.testing.assert_array_equal(
        ops.convert_to_numpy(ops.cast(low, "float32")),
        ops.convert_to_numpy(ops.cast(ops.cast(full, dtype), "float32")),
    )


def test_gates_are_named_in_the_order_of_computation():
    x = np.zeros((2, 6, 5, 16), "float32")
    shapes = {name: tuple(gate.shape) for name, gate in keras_attn.create("cmssa").gates(x).items()}
    assert shapes == {
        "channel": (2, 1, 1, 16),
        "mixing": (2, 1, 1, 3),
        "spatial_3": (2, 6, 5, 1),
        "spatial_5": (2, 6, 5, 1),
        "spatial_7": (2, 6, 5, 1),
    }


@pytest.mark.parametrize(
    ("key", "config", "message"),
    [
        ("csa", {"kernel_size": 4}, "`kernel_size` must be odd.*use 3 or 5"),
        ("sa", {"kernel_size": 0}, "positive odd integer.*kernel_size=0"),
        ("sa", {"kernel_size": -3}, "positive odd integer.*kernel_size=-3"),
        ("sa", {"kernel_size": 3.0}, "positive odd integer.*kernel_size=3.0"),
        ("ca", {"reduction": 0}, "at least 1.*reduction=0"),
        ("tgpfa", {"reduction": 0.5}, "at least 1.*reduction=0.5"),
        ("ga", {"reduction": None}, "at least 1.*reduction=None"),
        ("cmssa", {"kernel_sizes": (3, 3)}, "differ from each other.*\\(3, 3\\)"),
        ("cmssa", {"kernel_sizes": ()}, "one value a branch.*\\(\\)"),
        ("cmssa", {"kernel_sizes": (3, 4)}, "must be odd"),
        ("mscsa", {"reductions": 4}, "one value a branch.*reductions=4"),
        ("ccmssa", {"kernel_sizes": (7, 5)}, "3 values.*\\(7, 5\\)"),
        ("csa", {"ratio": 4}, "ratio"),
    ],
)
def test_an_argument_out_of_its_range_is_an_error_that_names_it(key, config, message):
    with pytest.raises((ValueError, TypeError), match=message):
        keras_attn.create(key, **config)


def test_another_channel_count_than_the_built_one_is_an_error():
    layer = keras_attn.create("csa")
    layer.build((None, 8, 8, 16))
    with pytest.raises(ValueError, match=r"expected axis -?\d+ of input shape to have value 16"):
        layer(np.zeros((1, 8, 8, 12), "float32"))


def test_weights_start_as_the_published_ones_do():
    # PyTorch's default, which none of the published modules changes: U(-1/sqrt(n), 1/sqrt(n))
    # for weights and biases, n the number of inputs of an output.
    gate = MixingGate(branches=400, reduction=1, data_format="channels_last")
    gate.build((None, 4, 4, 100))
    squeeze, expand = gate.bottleneck.squeeze, gate.bottleneck.expand
    spatial = SpatialGate(kernel_size=51, data_format="channels_last")
    spatial.build((None, 4, 4, 8))
    for weight, inputs in (
        *((variable, 100) for variable in (squeeze.kernel, squeeze.bias)),
        *((variable, 100) for variable in (expand.kernel, expand.bias)),
        (spatial.kernel, 2 * 51**2),
    ):
        values = ops.convert_to_numpy(weight)
        assert np.abs(values).max() <= inputs**-0.5
        assert np.std(values) == pytest.approx((3 * inputs) ** -0.5, rel=0.15)
    for key in ("csafa", "arcsa"):
        blend = keras_attn.create(key).gates(np.zeros((1, 2, 2, 8), "float32"))["blend"]
        assert ops.convert_to_numpy(blend).item() == pytest.approx(0.6225, abs=1e-4)


@pytest.mark.parametrize("length", [3, 255, 256, 300, 70_000])
def test_what_shares_the_maximum_shares_the_gradient_evenly(length):
    # Counts are kept in one or two bytes where they fit; the lengths are where that ends.
    x = np.zeros((2, length, 2), "float32")
    x[1, 1:, 0] = -1.0
    _, gradient = output_and_input_gradient(lambda x: max_over(x, 1), x, np.ones((2, 2), "float32"))
    np.testing.assert_allclose(gradient[0], 1 / length, rtol=1e-6)
    np.testing.assert_array_equal(gradient[1, :, 0], np.arange(length) == 0)


@pytest.mark.parametrize("axes", [(1, 2), (3,), (2,)])
def test_the_count_is_that_of_numpy(axes):
    mask = np.random.default_rng(0).random((3, 17, 5, 300)) > 0.3
    counts = ops.convert_to_numpy(count_true(ops.convert_to_tensor(mask), axes))
    np.testing.assert_array_equal(counts, mask.sum(axes, keepdims=True))


@pytest.mark.skipif(keras.backend.backend() == "torch", reason="PyTorch has its own convolution")
@pytest.mark.parametrize("kernel_size", [1, 3, 7])
@pytest.mark.parametrize("positions", [(9,), (4, 6), (1, 1), (3, 2, 5)])
def test_banded_products_are_the_convolution(positions, kernel_size):
    generator = np.random.default_rng(0)
    maps = generator.standard_normal((2, *positions, 3)).astype("float32")
    kernels = generator.standard_normal((1, 3, *[kernel_size] * len(positions))).astype("float32")
    weighting = generator.standard_normal((2, *positions)).astype("float32")
    for function_of, argument in (
        (lambda f: lambda maps: f(maps, ops.convert_to_tensor(kernels)), maps),
        (lambda f: lambda kernels: f(ops.convert_to_tensor(maps), kernels), kernels),
    ):
        results = [
            output_and_input_gradient(function_of(function), argument, weighting)
            for function in (banded_correlation, convolution)
        ]
        for ours, theirs in zip(*results, strict=True):
            np.testing.assert_allclose(ours, theirs, rtol=1e-4, atol=1e-5)


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

    for function_of, argument in (
        (lambda f: lambda x: f(x, ops.convert_to_tensor(kernel)), x),
        (lambda f: lambda kernel: f(ops.convert_to_tensor(x), kernel), kernel),
    ):
        results = [
            output_and_input_gradient(function_of(function), argument, weighting)
            for function in (depthwise_correlation, convolution)
        ]
        for ours, theirs in zip(*results, strict=True):
            np.testing.assert_allclose(ours, theirs, rtol=1e-4, atol=1e-5)


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
            lambda gate, others=others: times(ops.convert_to_tensor(x), gate, *others),
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
            lambda gate, fixed=fixed: plus(gate, ops.convert_to_tensor(fixed)),
            lambda gate, fixed=fixed: plus(ops.convert_to_tensor(fixed), gate),
        ):
            _, gradient = output_and_input_gradient(total, zeros[mine], weighting)
            np.testing.assert_allclose(gradient, expected, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize(("axes", "gate_axes"), [((3,), (1, 2)), ((1, 2), (3,))])
def test_statistics_under_a_gate_are_those_of_the_product(axes, gate_axes):
    # Two of the values tie for the maximum: what they share, the gate's gradient sums.
    generator = np.random.default_rng(0)
    x = generator.uniform(1, 2, (2, 4, 5, 6)).astype("float32")
    gate = np.ones([1 if n in gate_axes else size for n, size in enumerate(x.shape)], "float32")
    x[0, 1, 2, 3] = x[0, 1, 2, 4] = x[0, 3, 2, 3] = 9.0
    for pool in ("mean", "max"):
        weighting = generator.standard_normal(x.mean(axes, keepdims=True).shape).astype("float32")
        for argument in (x, gate):
            results = [
                output_and_input_gradient(
                    lambda value, f=function, a=argument: f(
                        value if a is x else ops.convert_to_tensor(x),
                        value if a is gate else ops.convert_to_tensor(gate),
                    ),
                    argument,
                    weighting,
                )
                for function in (
                    lambda x, gate, pool=pool: pooled_over(x, axes, [pool], under=gate)[0],
                    lambda x, gate, pool=pool: pooled_over(x * gate, axes, [pool])[0],
                )
            ]
            for ours, theirs in zip(*results, strict=True):
                np.testing.assert_allclose(ours, theirs, rtol=1e-4, atol=1e-6)


def test_a_gate_of_zero_lets_no_gradient_be_nan():
    x, gate = np.ones((1, 2, 2, 3), "float32"), np.zeros((1, 1, 1, 3), "float32")
    for argument in (x, gate):
        _, gradient = output_and_input_gradient(
            lambda value, a=argument: pooled_over(
                value if a is x else ops.convert_to_tensor(x),
                (3,),
                ["mean", "max"],
                under=value if a is gate else ops.convert_to_tensor(gate),
            )[1],
            argument,
            np.ones((1, 2, 2, 1), "float32"),
        )
        assert np.isfinite(gradient).all()
