"""Stages of encoder-decoder networks: encoder, bottleneck, decoder, and never the logits."""

import keras
import numpy as np
import pytest
from keras import layers

import keras_attn
from keras_attn import visualize
from keras_attn.layers import AttentionGate
from keras_attn.surgery.gated import insert_gates


def double_convolution(x, width, name):
    for number in (1, 2):
        x = layers.Conv2D(width, 3, padding="same", name=f"{name}_conv{number}")(x)
        x = layers.ReLU(name=f"{name}_relu{number}")(x)
    return x


def u_net(upsampling="transposed", merge="concatenate", head="sigmoid", depth=2):
    """The network of arXiv:1505.04597, in small."""
    x = inputs = keras.Input((32, 32, 3))
    skips = []
    for level in range(depth):
        x = double_convolution(x, 4 * 2**level, f"down{level}")
        skips.append(x)
        x = layers.MaxPooling2D(name=f"pool{level}")(x)
    x = double_convolution(x, 16, "bottom")
    for level in reversed(range(depth)):
        if upsampling == "transposed":
            x = layers.Conv2DTranspose(
                4 * 2**level, 2, strides=2, padding="same", name=f"up{level}_transposed"
            )(x)
        else:
            x = layers.UpSampling2D(name=f"up{level}_resized")(x)
            x = layers.Conv2D(4 * 2**level, 2, padding="same", name=f"up{level}_narrow")(x)
        if merge == "concatenate":
            x = layers.Concatenate(name=f"up{level}_merge")([skips[level], x])
        elif merge == "add":
            x = layers.Add(name=f"up{level}_merge")([skips[level], x])
        x = double_convolution(x, 4 * 2**level, f"up{level}")
    if head == "softmax layer":
        x = layers.Softmax(name="probabilities")(layers.Conv2D(3, 1, name="logits")(x))
    else:
        x = layers.Conv2D(1, 1, activation=head, name="logits")(x)
    return keras.Model(inputs, x)


STAGES = ["down0_relu2", "down1_relu2", "bottom_relu2", "up1_relu2", "up0_relu2"]


def stages(model):
    return [point.layer for point in keras_attn.insertion_points(model, "stages")]


@pytest.mark.parametrize(
    "arguments",
    [
        {},
        {"upsampling": "resized", "head": None},
        {"merge": "add", "head": "softmax layer"},
        {"merge": None},
    ],
)
def test_stages_of_a_u_net(arguments):
    model = u_net(**arguments)
    assert stages(model) == STAGES
    points = keras_attn.insertion_points(model, "stages")
    assert [point.stage for point in points] == [1, 2, 3, 4, 5]
    # The sum with a skip connection of the encoder is not a residual block.
    with pytest.raises(ValueError, match=r"no blocks.*5 stages, 4 transitions"):
        keras_attn.insertion_points(model, "blocks")


def test_attention_goes_to_every_stage_and_not_to_the_logits():
    attended = keras_attn.insert_attention(u_net(), "sa", "stages")
    names = [each.name for each in attended.layers if isinstance(each, keras_attn.layers.Blend)]
    assert names == [f"{stage}_sa" for stage in STAGES]


def test_a_residual_encoder_and_a_plain_decoder():
    inputs = keras.Input((32, 32, 3))
    x = layers.ReLU(name="stem")(layers.Conv2D(4, 3, 2, padding="same")(inputs))
    skips = []
    for level, width in enumerate((4, 8)):
        shortcut = layers.Conv2D(width, 1, 2, name=f"down{level}_shortcut")(x)
        y = layers.ReLU()(layers.Conv2D(width, 3, 2, padding="same")(x))
        y = layers.Conv2D(width, 3, padding="same")(y)
        x = layers.ReLU(name=f"down{level}_out")(layers.Add(name=f"down{level}_sum")([shortcut, y]))
        skips.append(x)
    x = layers.UpSampling2D(name="up")(x)
    x = layers.Concatenate(name="merge")([skips[0], x])
    x = layers.ReLU(name="up_out")(layers.Conv2D(4, 3, padding="same", name="up_conv")(x))
    x = layers.UpSampling2D(4, name="resized")(layers.Conv2D(2, 1, name="logits")(x))
    model = keras.Model(inputs, x)
    assert stages(model) == ["down0_out", "down1_out", "up_out"]
    blocks = keras_attn.insertion_points(model, "blocks")
    assert [point.layer for point in blocks] == ["down0_sum", "down1_sum"]


def test_attention_gates_on_the_skips_do_not_hide_the_stages():
    inputs = keras.Input((16, 16, 3))
    down = double_convolution(inputs, 4, "down")
    bottom = double_convolution(layers.MaxPooling2D()(down), 8, "bottom")
    up = layers.UpSampling2D(name="up")(bottom)
    gate = layers.Conv2D(1, 1, activation="sigmoid", name="gate")(
        layers.Concatenate()([layers.Conv2D(4, 1)(up), layers.Conv2D(4, 1)(down)])
    )
    x = layers.Concatenate(name="merge")([layers.Multiply()([down, gate]), up])
    x = double_convolution(x, 4, "up")
    model = keras.Model(inputs, layers.Conv2D(1, 1, name="logits")(x))
    assert stages(model) == ["down_relu2", "bottom_relu2", "up_relu2"]


def test_attention_gates_are_attention_everywhere():
    """They are read, counted, kept trainable and removed like attention with one input."""
    plain = keras_attn.networks.unet((16, 16, 3), outputs=1, widths=(4, 8))
    gated = insert_gates(plain, "skip", lambda name: AttentionGate(name=name))
    images = np.random.default_rng(0).uniform(size=(2, 16, 16, 3)).astype("float32")
    gates = visualize.read_gates(gated, images)
    assert {name: gate["spatial"].shape for name, gate in gates.items()} == {
        "skip1_gate": (2, 16, 16, 1)
    }
    assert keras_attn.freeze_all_but_attention(gated) == ["skip1_gate"]
    assert {weight.path.split("/")[0] for weight in gated.trainable_weights} == {"skip1_gate"}
    removed = keras_attn.remove_attention(gated)
    np.testing.assert_array_equal(removed.predict_on_batch(images), plain.predict_on_batch(images))
    counted = {row.layer: row.macs for row in keras_attn.cost(gated).table}["skip1_gate"]
    # φ at the size of the gating map, θ (2x2, stride 2) and ψ at half of it, W at the size of x.
    assert counted == 256 * 4 * 2 + 64 * (4 * 2 * 4 + 2) + 256 * 4 * 4


def test_pooled_context_is_not_a_stage():
    """Pyramid pooling (arXiv:1612.01105) looks at lower resolutions without convolving there."""
    inputs = keras.Input((16, 16, 3))
    x = double_convolution(inputs, 4, "down")
    parts = [x]
    for size in (4, 8):
        pooled = layers.Conv2D(2, 1)(layers.AveragePooling2D(size)(x))
        parts.append(layers.UpSampling2D(size)(pooled))
    x = layers.ReLU(name="out")(layers.Conv2D(4, 3, padding="same")(layers.Concatenate()(parts)))
    model = keras.Model(inputs, layers.Conv2D(2, 1, name="logits")(x))
    assert stages(model) == ["out"]


def test_the_last_convolution_before_the_pooling_can_be_the_head():
    inputs = keras.Input((16, 16, 3))
    x = double_convolution(inputs, 4, "body")
    x = layers.Conv2D(10, 1, name="logits")(x)
    x = layers.Softmax()(layers.GlobalAveragePooling2D()(x))
    assert stages(keras.Model(inputs, x)) == ["body_relu2"]
