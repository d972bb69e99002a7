"""What gates promise beyond the layers' contract: precision, shapes, arguments."""

import keras
import numpy as np
import pytest
from keras import ops

import keras_attn
from keras_attn.gates import ChannelGate, MixingGate, SpatialGate

HALF = ["float16", "bfloat16"]


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
        ("cmssa", {"kernel_sizes": ()}, "one value per branch.*\\(\\)"),
        ("cmssa", {"kernel_sizes": (3, 4)}, "must be odd"),
        ("mscsa", {"reductions": 4}, "one value per branch.*reductions=4"),
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
