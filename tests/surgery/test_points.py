import keras
import pytest
from keras import layers

import keras_attn
from keras_attn import catalogue
from keras_attn.graph.copy import copy_model
from keras_attn.surgery.points import PLACES

from .conftest import architecture


def names(model, where):
    return [point.layer for point in keras_attn.insertion_points(model, where)]


@pytest.mark.parametrize(
    ("where", "expected"),
    [
        ("blocks", ["first_sum", "second_sum", "third_sum"]),
        ("stages", ["first_out", "third_out"]),
        ("transitions", ["first_out"]),
        ("activations", ["first_relu", "second_relu", "third_relu"]),
        ("convolutions", ["first_2", "second_2", "third_2"]),
        ("*_norm", ["first_norm", "second_norm", "third_norm"]),
        (["stem", "third*relu", "stem"], ["stem", "third_relu"]),
        (lambda layer: isinstance(layer, layers.ReLU) and "out" in layer.name, None),
    ],
)
def test_places_of_a_small_residual_network(network, where, expected):
    assert names(network, where) == (expected or ["first_out", "second_out", "third_out"])


def test_the_branch_is_attended_not_the_shortcut(network):
    points = keras_attn.insertion_points(network, "blocks")
    assert [point.input for point in points] == [1, 1, 1]
    assert [point.channels for point in points] == [8, 16, 16]
    assert [point.stage for point in points] == [1, 2, 2]
    # The addition of the applications' first block has its projection first, too.
    assert all(
        p.input == 1 for p in keras_attn.insertion_points(architecture("ResNet50"), "blocks")
    )


@pytest.mark.once
@pytest.mark.parametrize(
    ("name", "stages"),
    [
        ("ResNet50", [f"conv{i}_block{n}_out" for i, n in ((2, 3), (3, 4), (4, 6), (5, 3))]),
        ("MobileNetV2", ["block_2_add", "block_5_add", "block_12_add", "out_relu"]),
        ("EfficientNetB0", ["block2b_add", "block3b_add", "block5c_add", "top_activation"]),
        ("DenseNet121", ["pool2_conv", "pool3_conv", "pool4_conv", "relu"]),
        ("VGG16", [f"block{i}_conv{n}" for i, n in ((1, 2), (2, 2), (3, 3), (4, 3), (5, 3))]),
    ],
)
def test_stages_of_known_networks(name, stages):
    assert names(architecture(name), "stages") == stages


def test_open_sizes_and_nested_models():
    inner = copy_model(architecture("ResNet50"))
    inputs = keras.Input((64, 64, 3))
    model = keras.Model(inputs, inner(inputs))
    assert names(model, "stages")[0] == "resnet50/conv2_block3_out"
    assert names(model, "conv2_block3_out") == ["resnet50/conv2_block3_out"]
    open_sizes = keras.applications.MobileNetV2(weights=None, include_top=False)
    assert names(open_sizes, "stages")[-1] == "out_relu"


def test_additions_that_are_functions():
    inputs = keras.Input((8, 8, 4))
    branch = layers.Conv2D(4, 3, padding="same", name="branch")(inputs)
    model = keras.Model(inputs, branch + inputs)
    (point,) = keras_attn.insertion_points(model, "blocks")
    assert point.input == 0
    attended = keras_attn.insert_attention(model, "se", reduction=2, start="published")
    kinds = [type(operation).__name__ for operation in attended.operations]
    assert kinds == ["InputLayer", "Conv2D", "SE", "Add"]


def test_nothing_to_do_there_says_what_there_is(network):
    plain = keras.Sequential([keras.Input((8, 8, 3)), layers.Conv2D(4, 3, name="conv")])
    with pytest.raises(ValueError, match=r"'sequential.*' is Sequential. Wrap it: keras.Model"):
        keras_attn.insertion_points(plain)
    with pytest.raises(ValueError, match=r"Begin it with a keras\.Input, then wrap it: keras"):
        keras_attn.insertion_points(keras.Sequential([layers.Dense(2)]))
    wrapped = keras.Model(plain.inputs, plain.outputs)
    with pytest.raises(ValueError, match=r"no blocks \(end of a residual.*It has 1 stages; or"):
        keras_attn.insertion_points(wrapped, "blocks")
    with pytest.raises(ValueError, match=r"where='frst_sum'.*'transitions'.*first_sum"):
        keras_attn.insertion_points(network, "frst_sum")
    with pytest.raises(ValueError, match=r"The layer 'logits' returns outputs of shape \(1, 3\)"):
        keras_attn.insertion_points(network, "logits")

    class Subclassed(keras.Model):
        def call(self, x):
            return x

    with pytest.raises(ValueError, match="For a subclassed model, call its parts"):
        keras_attn.insertion_points(Subclassed())


def test_published_placements_are_places():
    placements = {key: catalogue.describe(key).placement for key in catalogue.list_layers()}
    assert set(placements.values()) - {None} <= set(PLACES)
    assert placements["bam"] == "transitions"
    assert placements["scsa_synergistic"] == "activations"
    assert placements["se"] == placements["cbam"] == placements["gam"] == "blocks"
