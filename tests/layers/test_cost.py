"""Parameters and multiply-accumulates, counted by hand here."""

import keras
import numpy as np
import pytest
from keras import layers

import keras_attn


def rows(result):
    return {row.layer: row for row in result.table}


def test_every_kind_of_layer_is_counted_as_by_hand():
    inputs = keras.Input((16, 12, 8))
    x = layers.Conv2D(32, 3, strides=2, padding="same", groups=4, name="grouped")(inputs)
    x = layers.BatchNormalization(name="normalization")(x)
    x = layers.DepthwiseConv2D(5, padding="same", name="depthwise")(x)
    x = layers.SeparableConv2D(24, 3, padding="valid", name="separable")(x)
    x = layers.Conv2DTranspose(4, 3, strides=2, padding="same", name="transposed")(x)
    x = layers.Dense(6, name="positionwise")(x)
    x = layers.GlobalAveragePooling2D(name="pooling")(x)
    outputs = layers.Dense(3, name="head")(x)
    result = keras_attn.cost(keras.Model(inputs, outputs))
    expected = {
        # parameters; multiply-accumulates: kernel numbers times positions
        "grouped": (3 * 3 * 2 * 32 + 32, 3 * 3 * 2 * 32 * 8 * 6),
        "normalization": (64, 0),
        "depthwise": (25 * 32 + 32, 25 * 32 * 8 * 6),
        "separable": (9 * 32 + 32 * 24 + 24, (9 * 32 + 32 * 24) * 6 * 4),
        "transposed": (9 * 24 * 4 + 4, 9 * 24 * 4 * 6 * 4),
        "positionwise": (4 * 6 + 6, 4 * 6 * 12 * 8),
        "pooling": (0, 0),
        "head": (6 * 3 + 3, 6 * 3),
    }
    assert {name: row[3:] for name, row in rows(result).items()} == expected
    assert result.parameters == sum(parameters for parameters, _ in expected.values())
    assert result.macs == sum(macs for _, macs in expected.values())
    assert rows(result)["separable"].output_shape == (6, 4, 24)
    assert result.uncounted == ()
    lines = str(result).splitlines()
    assert len(lines) == len(expected) + 2
    assert lines[-1].split() == ["total", f"{result.parameters:,}", f"{result.macs:,}"]


def test_nested_shared_and_frozen_layers():
    inner_inputs = keras.Input((8, 8, 4))
    inner = keras.Model(
        inner_inputs, layers.Conv2D(4, 1, use_bias=False, name="conv")(inner_inputs), name="inner"
    )
    inputs = keras.Input((8, 8, 4))
    shared = layers.Conv2D(4, 1, use_bias=False, name="shared")
    shared.trainable = False
    x = inner(shared(shared(inputs)))
    sequential = keras.Sequential(
        [keras.Input((8, 8, 4)), layers.Conv2D(2, 1, use_bias=False, name="last")], name="tail"
    )
    model = keras.Model(inputs, sequential(x))
    result = keras_attn.cost(model)
    assert {name: row[3:] for name, row in rows(result).items()} == {
        "shared": (16, 2 * 16 * 64),
        "inner/conv": (16, 16 * 64),
        "tail/last": (8, 8 * 64),
    }
    assert keras_attn.cost(sequential).macs == 8 * 64


def test_nothing_is_run_and_the_model_stays_as_it_is():
    # A map of 400 GB: only shapes can pass.
    inputs = keras.Input((None, None, 64))
    layer = keras_attn.create("gam")
    model = keras.Model(inputs, layer(inputs))
    result = keras_attn.cost(model, (40_000, 40_000, 64))
    assert result.macs == 1_600_000_000 * 100 * 64 * 4
    assert layer.output.shape == (None, None, None, 64)
    assert len(layer._inbound_nodes) == 1


def test_one_layer_and_the_branch_with_features_of_its_own():
    layer = keras_attn.create("csa")
    result = keras_attn.cost(layer, (8, 8, 32))
    assert result.parameters == keras_attn.describe("csa").parameters(32)
    assert result.macs == 2 * 2 * 32 * 8 + 98 * 64
    assert not layer.built
    x, features = keras.Input((8, 8, 4)), keras.Input((8, 8, 16))
    model = keras.Model([x, features], keras_attn.create("abn", num_classes=3)(x, features))
    assert keras_attn.cost(model).macs == (16 * 3 + 3 * 3 + 9 * 3) * 64


def test_an_attention_gate_has_a_map_and_a_gating_map():
    theta, phi, psi, transform = 2 * 2 * 32 * 16 * 16, 64 * 16 * 16, 16 * 16, 32 * 32 * 64
    shapes = [(8, 8, 32), (4, 4, 64)]
    result = keras_attn.cost(keras_attn.create("attention_gate"), shapes)
    assert result.macs == theta + phi + psi + transform
    additive = keras_attn.create("attention_gate", variant="additive")
    assert keras_attn.cost(additive, [(8, 8, 32), (8, 8, 64)]).macs == (32 + 64 + 1) * 16 * 64


def test_data_format_and_signals():
    layer = keras_attn.create("cbam", data_format="channels_first")
    assert keras_attn.cost(layer, (32, 8, 8)).macs == 2 * 2 * 32 * 2 + 98 * 64
    assert keras_attn.cost(keras_attn.create("se"), (100, 32)).macs == 2 * 32 * 2


def test_layers_without_a_rule_are_named():
    inputs = keras.Input((10, 4))
    model = keras.Model(inputs, layers.LSTM(3, name="memory")(inputs))
    result = keras_attn.cost(model)
    assert result.uncounted == ("memory",)
    assert result.macs == 0
    assert result.parameters == model.count_params()
    assert "not counted" in str(result)


def test_open_sizes_and_models_that_hide_their_layers_are_errors():
    inputs = keras.Input((None, None, 3))
    model = keras.Model(inputs, layers.Conv2D(4, 3)(inputs))
    with pytest.raises(ValueError, match=r"leaves sizes.*None, None, 3.*Give the input shape"):
        keras_attn.cost(model)
    with pytest.raises(ValueError, match=r"\(None, None, 3\)\. Received: \(32, 32\)"):
        keras_attn.cost(model, (32, 32))
    for given in (None, [(8, 8, 4), (8, 8, 4)]):
        with pytest.raises(
            ValueError, match=r"layer CSA.*the shape of its map.*Received: (None|\[)"
        ):
            keras_attn.cost(keras_attn.create("csa"), given)
    with pytest.raises(ValueError, match=r"and of its gating map.*Received: \(8, 8, 32\)"):
        keras_attn.cost(keras_attn.create("attention_gate"), (8, 8, 32))

    class Hidden(keras.Model):
        def call(self, x):
            return x

    with pytest.raises(ValueError, match=r"cannot be read.*wrap them in keras\.Model"):
        keras_attn.cost(Hidden())


def test_several_inputs_take_a_list_of_shapes():
    inputs = [keras.Input((None, None, 3)), keras.Input((None, None, 3))]
    model = keras.Model(inputs, layers.Conv2D(4, 1, use_bias=False)(layers.Add()(inputs)))
    assert keras_attn.cost(model, [(8, 8, 3), (8, 8, 3)]).macs == 12 * 64
    assert keras_attn.cost(model, np.array([(8, 8, 3), (8, 8, 3)]).tolist()).macs == 12 * 64
