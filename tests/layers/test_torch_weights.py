"""Published PyTorch weights: what is taken, and what is refused whole."""

import keras
import numpy as np
import pytest

import keras_attn


@pytest.fixture
def layer():
    layer = keras_attn.create("grcsa", reduction=4)
    layer.build((None, 8, 8, 64))
    return layer


def state_dict(fill=0.5):
    shapes = {
        "ca.mlp.0.weight": (16, 64, 1, 1),
        "ca.mlp.2.weight": (64, 16, 1, 1),
        "sa.conv.weight": (1, 2, 7, 7),
        "gate.1.weight": (16, 64, 1, 1),
        "gate.1.bias": (16,),
        "gate.3.weight": (1, 16, 1, 1),
        "gate.3.bias": (1,),
    }
    return {name: np.full(shape, fill, "float32") for name, shape in shapes.items()}


def test_arrays_tensors_and_linear_layers_are_taken(layer):
    weights = state_dict()
    first = np.random.default_rng(0).standard_normal((16, 64)).astype("float32")
    weights["ca.mlp.0.weight"] = first
    if keras.backend.backend() == "torch":
        import torch

        weights["gate.1.bias"] = torch.nn.Parameter(torch.arange(16.0))
    keras_attn.load_torch_weights(layer, weights)
    squeeze = keras.ops.convert_to_numpy(layer.channel.bottleneck.squeeze.kernel)
    np.testing.assert_array_equal(squeeze, first.T)
    if keras.backend.backend() == "torch":
        bias = keras.ops.convert_to_numpy(layer.mixing.bottleneck.squeeze.bias)
        np.testing.assert_array_equal(bias, np.arange(16))


def test_all_problems_are_listed_and_nothing_is_changed(layer):
    weights = state_dict()
    del weights["gate.1.bias"]
    weights["sa.bn.weight"] = np.zeros(1)
    weights["ca.mlp.2.weight"] = np.zeros((64, 8, 1, 1))
    weights["sa.conv.weight"] = np.zeros((1, 2, 5, 5))
    before = [keras.ops.convert_to_numpy(weight) for weight in layer.weights]
    with pytest.raises(ValueError, match="nothing was changed") as error:
        keras_attn.load_torch_weights(layer, weights)
    assert str(error.value).splitlines()[1:] == [
        "  missing: gate.1.bias",
        "  unexpected: sa.bn.weight",
        "  misshapen: ca.mlp.2.weight is (64, 8, 1, 1), expected (64, 16, 1, 1)",
        "  misshapen: sa.conv.weight is (1, 2, 5, 5), expected (1, 2, 7, 7)",
    ]
    for weight, old in zip(layer.weights, before, strict=True):
        np.testing.assert_array_equal(keras.ops.convert_to_numpy(weight), old)


def test_a_layer_without_weights_says_how_to_build_it():
    with pytest.raises(ValueError, match=r"has no weights yet\. Build it first"):
        keras_attn.load_torch_weights(keras_attn.create("csa"), {})


def test_a_networks_checkpoint_is_read_by_prefix_and_step_counts_are_passed_over():
    layer = keras_attn.create("triplet", kernel_size=3)
    layer.build((None, 8, 8, 16))
    generator = np.random.default_rng(0)
    weights = {
        name: generator.random(array.shape).astype("float32")
        for name, array in keras_attn.torch_state_dict(layer, "layer1.0.attention.").items()
    }
    checkpoint = {
        "conv1.weight": np.zeros((64, 3, 7, 7)),
        **weights,
        **{f"layer1.0.attention.{part}.conv.bn.num_batches_tracked": 7 for part in ("cw", "hc")},
    }
    keras_attn.load_torch_weights(layer, checkpoint, prefix="layer1.0.attention.")
    back = keras_attn.torch_state_dict(layer, "layer1.0.attention.")
    assert list(back) == list(weights)
    for name, array in back.items():
        np.testing.assert_array_equal(array, weights[name])
    with pytest.raises(ValueError, match=r"missing: layer2\.0\.attention\.cw\.conv\.conv\.weight"):
        keras_attn.load_torch_weights(layer, checkpoint, prefix="layer2.0.attention.")


@pytest.mark.skipif(keras.backend.backend() != "torch", reason="needs PyTorch")
def test_a_torch_module_takes_what_we_give():
    import torch

    class Excitation(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.fc = torch.nn.Sequential(
                torch.nn.Linear(32, 2, bias=False),
                torch.nn.ReLU(),
                torch.nn.Linear(2, 32, bias=False),
                torch.nn.Sigmoid(),
            )

        def forward(self, x):
            return x * self.fc(x.mean((2, 3)))[:, :, None, None]

    layer = keras_attn.create("se", use_bias=False, data_format="channels_first")
    x = torch.randn(2, 32, 5, 4)
    ours = layer(x)
    module = Excitation()
    state = {
        name: torch.from_numpy(array) for name, array in keras_attn.torch_state_dict(layer).items()
    }
    module.load_state_dict(state)
    torch.testing.assert_close(module(x).detach().cpu(), ours.detach().cpu())
    keras_attn.load_torch_weights(layer, Excitation().state_dict())


def test_an_inserted_layer_takes_the_weights_of_its_attention():
    inputs = keras.Input((8, 8, 64))
    model = keras.Model(inputs, keras.layers.ReLU(name="relu")(inputs))
    attended = keras_attn.insert_attention(
        model, "grcsa", "relu", reduction=4, data_format="channels_last"
    )
    blend = attended.get_layer("relu_grcsa")
    keras_attn.load_torch_weights(blend, state_dict(fill=0.25))
    found = keras_attn.torch_state_dict(blend)
    assert found.keys() == state_dict().keys()
    assert all((array == 0.25).all() for array in found.values())
    assert float(keras.ops.convert_to_numpy(blend.blend)) == 0


def test_a_layer_without_published_names_is_refused():
    layer = keras.layers.Dense(2)
    layer.build((None, 3))
    with pytest.raises(ValueError, match=r"Expected an attention layer of keras_attn.*<Dense"):
        keras_attn.load_torch_weights(layer, {})


def test_bfloat16_is_taken_and_returned_as_float32(layer):
    torch = pytest.importorskip("torch", reason="needs bfloat16 tensors of PyTorch")
    values = {
        name: torch.full(array.shape, 0.3, dtype=torch.bfloat16, requires_grad=True)
        for name, array in state_dict().items()
    }
    keras_attn.load_torch_weights(layer, values)
    expected = float(torch.tensor(0.3, dtype=torch.bfloat16))
    low = keras_attn.create("grcsa", reduction=4, dtype="bfloat16")
    low.build((None, 8, 8, 64))
    keras_attn.load_torch_weights(low, values)
    for each in (layer, low):
        found = keras_attn.torch_state_dict(each)
        assert {array.dtype.name for array in found.values()} == {"float32"}
        assert all((array == expected).all() for array in found.values())
