"""Parts of a layer are called without Keras's own call, unless it does something for them."""

import keras
import numpy as np
import pytest

from keras_attn.gates.channel import ChannelGate
from keras_attn.layers import CSA
from keras_attn.layers.base import AttentionLayer


@pytest.fixture
def calls(monkeypatch):
    """The names of the layers that Keras calls, in the order of the calls."""
    names, usual = [], keras.layers.Layer.__call__

    def call(layer, *args, **kwargs):
        names.append(layer.name)
        return usual(layer, *args, **kwargs)

    monkeypatch.setattr(keras.layers.Layer, "__call__", call)
    return names


def built(**config):
    layer = CSA(name="csa", data_format="channels_last", **config)
    layer.build((None, 4, 4, 8))
    return layer


def maps():
    return keras.ops.convert_to_tensor(np.random.default_rng(0).random((2, 4, 4, 8), "float32"))


def test_keras_calls_the_layer_only(calls):
    built()(maps())
    assert calls == ["csa"]


def test_under_a_mixed_policy_keras_chooses_the_dtype_of_the_variables(calls):
    layer = built(dtype="mixed_bfloat16")
    layer(maps())
    assert calls[:2] == ["csa", layer.channel.name]
    assert layer.spatial.name in calls


def test_gates_that_are_read_inside_a_mixed_layer_compute_in_their_own_dtype():
    class Mixed(keras.layers.Layer):
        def __init__(self):
            super().__init__(dtype="mixed_bfloat16")
            self.attention = built(dtype="float32")

        def call(self, x):
            return self.attention.gates(x)["channel"]

    mixed, x = Mixed(), keras.ops.cast(keras.ops.cast(maps(), "bfloat16"), "float32")
    kernel = mixed.attention.channel.bottleneck.squeeze.kernel
    kernel.assign(kernel * 1.001)  # not in bfloat16
    inside, outside = mixed(x), mixed.attention.gates(x)["channel"]
    np.testing.assert_array_equal(*map(keras.ops.convert_to_numpy, (inside, outside)))


def test_a_quantised_part_computes_in_integers(calls):
    layer = built()
    layer.channel.bottleneck.squeeze.quantize("int8")
    layer(maps())
    assert calls == ["csa", "squeeze"]


def test_a_regulariser_of_a_gate_adds_its_loss():
    layer = built()
    layer.spatial.activity_regularizer = keras.regularizers.L2(0.5)
    layer(maps())
    assert keras.ops.convert_to_numpy(layer.losses[0]) > 0


@pytest.mark.skipif(keras.backend.backend() != "torch", reason="modules of PyTorch have hooks")
@pytest.mark.parametrize(
    "hook", ["forward_pre_hook", "forward_hook", "full_backward_pre_hook", "full_backward_hook"]
)
def test_hooks_of_a_gate_are_called(hook):
    layer, seen = built(), []
    getattr(layer.spatial, f"register_{hook}")(lambda *arguments: seen.append(arguments))
    layer(maps().requires_grad_()).sum().backward()
    assert len(seen) == 1


def test_where_tensors_are_distributed_keras_places_those_of_gates_too(calls, monkeypatch):
    layer = built()
    monkeypatch.setattr(keras.distribution, "distribution", object)
    layer(maps())
    assert {"csa", layer.channel.name, layer.spatial.name} <= set(calls)


def test_a_gate_that_is_called_by_itself_is_called_by_keras(calls):
    layer = built()
    layer.channel(maps())
    assert calls[0] == layer.channel.name


@pytest.mark.parametrize("training", [False, True])
def test_a_gate_that_asks_is_told_whether_it_trains(training):
    told = []

    class Asking(ChannelGate):
        def call(self, x, under=(), training=None):
            told.append(training)
            return super().call(x, under)

    class Attention(AttentionLayer):
        def __init__(self):
            super().__init__(data_format="channels_last")
            self.channel = self.add_gate(Asking)

        def compute_gates(self, x):
            return {"channel": self.channel(x)}

        def attend(self, x, channel):
            return self.times(x, channel)

    Attention()(maps(), training=training)
    assert told == [training]
