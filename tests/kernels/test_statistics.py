"""Means and maxima of maps, and their gradients, are those of NumPy or of plain operations."""

import keras
import numpy as np
import pytest
from gradients import output_and_input_gradient
from keras import ops

from keras_attn import kernels

HALF = ["float16", "bfloat16"]


@pytest.mark.parametrize("dtype", HALF)
def test_means_of_half_precision_maps_are_summed_in_float32(dtype):
    # 65,536 values of about 8: their sum is beyond float16, and stalls in bfloat16.
    values = 8 + np.random.default_rng(0).standard_normal((1, 256, 256, 2)).astype("float32")
    x = ops.cast(ops.convert_to_tensor(values), dtype)
    exact = ops.convert_to_numpy(ops.cast(x, "float32")).astype("float64")
    mean = kernels.mean(x, (1, 2))
    assert keras.backend.standardize_dtype(mean.dtype) == "float32"
    np.testing.assert_allclose(ops.convert_to_numpy(mean), exact.mean((1, 2)), rtol=1e-5)
    largest = ops.convert_to_numpy(kernels.maximum(x, (3,)))
    np.testing.assert_array_equal(largest, exact.max(3).astype("float32"))


@pytest.mark.parametrize("length", [3, 255, 256, 300, 70_000])
def test_what_shares_the_maximum_shares_the_gradient_evenly(length):
    # Counts are kept in one or two bytes where they fit; the lengths are where that ends.
    x = np.zeros((2, length, 2), "float32")
    x[1, 1:, 0] = -1.0
    _, gradient = output_and_input_gradient(
        lambda x: kernels.maximum(x, (1,)), x, np.ones((2, 2), "float32")
    )
    np.testing.assert_allclose(gradient[0], 1 / length, rtol=1e-6)
    np.testing.assert_array_equal(gradient[1, :, 0], np.arange(length) == 0)


@pytest.mark.parametrize("pools", [("mean", "max"), ("max", "mean"), ("max",), ("mean",)])
@pytest.mark.parametrize("axes", [(1, 2), (3,), (2, 3)])
def test_the_gradient_of_all_statistics_of_a_map_is_that_of_numpy(axes, pools):
    generator = np.random.default_rng(0)
    x = generator.uniform(0, 1, (2, 4, 5, 6)).astype("float32")
    x[0, 1:3, 2:4, 3:5] = 9.0
    functions = {"mean": np.mean, "max": np.max}
    expected = {name: functions[name](x, axes, keepdims=True) for name in pools}
    upstreams = {
        name: generator.standard_normal(each.shape, "float32") for name, each in expected.items()
    }
    for name, statistic in zip(
        pools, kernels.pooled(ops.convert_to_tensor(x), axes, pools), strict=True
    ):
        np.testing.assert_allclose(ops.convert_to_numpy(statistic), expected[name], rtol=1e-6)
    _, gradient = output_and_input_gradient(
        lambda x: sum(
            statistic * ops.convert_to_tensor(upstreams[name])
            for name, statistic in zip(pools, kernels.pooled(x, axes, pools), strict=True)
        ),
        x,
        np.ones_like(next(iter(expected.values()))),
    )
    total = np.zeros_like(x)
    if "mean" in pools:
        total += upstreams["mean"] / np.prod([x.shape[axis] for axis in axes])
    if "max" in pools:
        places = x == expected["max"]
        total += places * upstreams["max"] / places.sum(axes, keepdims=True)
    np.testing.assert_allclose(gradient, total, rtol=1e-5, atol=1e-6)


@pytest.mark.skipif(keras.backend.backend() == "torch", reason="PyTorch counts by itself")
@pytest.mark.parametrize("axes", [(1, 2), (3,), (2,)])
def test_the_count_is_that_of_numpy(axes):
    mask = np.random.default_rng(0).random((3, 17, 5, 300)) > 0.3
    counts = ops.convert_to_numpy(kernels.chosen().count_true(ops.convert_to_tensor(mask), axes))
    np.testing.assert_array_equal(counts, mask.sum(axes, keepdims=True))


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
                    lambda x, gate, pool=pool: kernels.pooled(x, axes, [pool], under=gate)[0],
                    lambda x, gate, pool=pool: kernels.pooled(x * gate, axes, [pool])[0],
                )
            ]
            for ours, theirs in zip(*results, strict=True):
                np.testing.assert_allclose(ours, theirs, rtol=1e-4, atol=1e-6)


def test_a_gate_of_zero_lets_no_gradient_be_nan():
    x, gate = np.ones((1, 2, 2, 3), "float32"), np.zeros((1, 1, 1, 3), "float32")
    for argument in (x, gate):
        _, gradient = output_and_input_gradient(
            lambda value, a=argument: kernels.pooled(
                value if a is x else ops.convert_to_tensor(x),
                (3,),
                ["mean", "max"],
                under=value if a is gate else ops.convert_to_tensor(gate),
            )[1],
            argument,
            np.ones((1, 2, 2, 1), "float32"),
        )
        assert np.isfinite(gradient).all()
