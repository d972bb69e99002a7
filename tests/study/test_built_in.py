import keras
import numpy as np
import pytest

from keras_attn.layers import CSA
from keras_attn.study.built_in import RESIDUAL, residual_network


def trainable(model):
    return sum(int(np.prod(weight.shape)) for weight in model.trainable_weights)


def test_resnet50_has_the_parameters_of_the_published_network():
    model = residual_network((32, 32, 3), "multi-class", 100, name="resnet50")
    assert trainable(model) / 1e6 == pytest.approx(23.71, abs=0.01)


def test_resnet18_and_resnet20_have_their_parameters():
    resnet18 = residual_network((32, 32, 3), "multi-class", 10, name="resnet18")
    assert trainable(resnet18) == 11_173_962
    resnet20 = residual_network((32, 32, 3), "multi-class", 10)
    # 0.27 M as published, with 1x1 projections in two shortcuts
    convolutions = 9 * (3 * 16 + 6 * 16**2 + 16 * 32 + 5 * 32**2 + 32 * 64 + 5 * 64**2)
    projections = 16 * 32 + 32 * 64
    normalisations = 2 * (7 * 16 + 7 * 32 + 7 * 64)
    assert trainable(resnet20) == convolutions + projections + normalisations + 65 * 10


@pytest.mark.parametrize("backbone", RESIDUAL)
def test_attention_ends_every_branch(backbone):
    model = residual_network((8, 8, 1), "binary", 2, attention="csa", name=backbone)
    attention = [layer for layer in model.layers if isinstance(layer, CSA)]
    assert len(attention) == sum(RESIDUAL[backbone].depths)
    for layer in attention:
        (before,) = [node.operation for node in layer._inbound_nodes[0].parent_nodes]
        (after,) = [node.operation for node in layer._outbound_nodes]
        assert isinstance(before, keras.layers.BatchNormalization)
        assert isinstance(after, keras.layers.Add)


@pytest.mark.parametrize("shape", [(8, 8, 1), (28, 28, 1), (33, 20, 3)])
def test_small_images_give_one_logit_an_output(shape):
    model = residual_network(shape, "multi-class", 5)
    assert tuple(model(np.zeros((2, *shape), "float32")).shape) == (2, 5)


def test_a_function_places_attention_under_the_name_that_it_is_given():
    made = []

    def attention(x, name):
        made.append(CSA(kernel_size=3, name=name))
        return made[-1](x)

    model = residual_network((8, 8, 1), "binary", 2, attention=attention)
    assert len({layer.name for layer in made}) == 9
    assert all(model.get_layer(layer.name) is layer for layer in made)


@pytest.mark.parametrize(
    ("placement", "message"),
    [
        (lambda x, name: (x, x), "it returns 2 outputs"),
        (lambda x, name: x[..., :1], r"\(8, 8, 16\) into \(8, 8, 1\)"),
    ],
)
def test_what_is_not_one_map_of_the_same_shape_is_refused(placement, message):
    with pytest.raises(ValueError, match=message):
        residual_network((8, 8, 1), "binary", 2, placement, "resnet8")


def test_normalisation_is_that_of_the_published_network():
    model = residual_network((8, 8, 1), "binary", 2)
    norms = [layer for layer in model.layers if isinstance(layer, keras.layers.BatchNormalization)]
    assert {(layer.epsilon, layer.momentum) for layer in norms} == {(1e-5, 0.9)}


def test_unknown_names_are_refused():
    with pytest.raises(ValueError, match='"resnet20", "resnet18", "resnet50"'):
        residual_network((8, 8, 1), "binary", 2, name="resnet21")
    with pytest.raises(ValueError, match="csa"):
        residual_network((8, 8, 1), "binary", 2, attention="cas")
    with pytest.raises(ValueError, match="multi-label"):
        residual_network((8, 8, 1), "regression", 2)
