"""Files of checkpoints, what is refused, and networks by name."""

import pickle
import re

import keras
import numpy as np
import pytest
from keras import ops

from keras_attn import cli, networks
from keras_attn.networks.recognition import recognise

pytestmark = pytest.mark.once


def state_dict(prefix=""):
    """The published names of a small SE ResNet, with random values."""
    random = np.random.default_rng(0)
    state = {
        "conv1.weight": (16, 3, 3, 3),
        **norm("bn1", 16),
        "fc.weight": (5, 64),
        "fc.bias": (5,),
    }
    width = 16
    for stage, channels in enumerate((16, 32, 64), 1):
        for block in range(3):
            name = f"layer{stage}.{block}"
            state |= {
                f"{name}.conv1.weight": (channels, width, 3, 3),
                **norm(f"{name}.bn1", channels),
                f"{name}.conv2.weight": (channels, channels, 3, 3),
                **norm(f"{name}.bn2", channels),
                f"{name}.se.fc.0.weight": (channels // 16, channels),
                f"{name}.se.fc.2.weight": (channels, channels // 16),
            }
            if width != channels:
                state[f"{name}.downsample.0.weight"] = (channels, width, 1, 1)
                state |= norm(f"{name}.downsample.1", channels)
            width = channels
    return {prefix + k: random.uniform(0.1, 0.2, v).astype("float32") for k, v in state.items()}


def norm(name, channels):
    ends = ("weight", "bias", "running_mean", "running_var")
    return {f"{name}.{end}": (channels,) for end in ends}


def outputs(model):
    x = np.random.default_rng(1).normal(size=(2, 32, 32, 3)).astype("float32")
    return ops.convert_to_numpy(model(x))


def test_every_kind_of_file_gives_the_same_network(tmp_path):
    torch = pytest.importorskip("torch", reason="PyTorch is not installed")
    safetensors = pytest.importorskip("safetensors.numpy", reason="safetensors is not installed")
    state = state_dict()
    expected = outputs(networks.from_torch(state))
    tensors = {f"module.{name}": torch.tensor(value) for name, value in state.items()}
    tensors["module.bn1.num_batches_tracked"] = torch.tensor(3)
    torch.save({"epoch": 3, "state_dict": tensors}, tmp_path / "wrapped.pth")
    torch.save(tensors, tmp_path / "plain.pt")
    np.savez(tmp_path / "arrays.npz", **state)
    safetensors.save_file(state, tmp_path / "arrays.safetensors")
    for name in ("wrapped.pth", "plain.pt", "arrays.npz", "arrays.safetensors"):
        model = networks.from_torch(tmp_path / name, input_shape=(32, 32, 3))
        np.testing.assert_array_equal(outputs(model), expected)


def test_the_command_imports_a_checkpoint(tmp_path, capsys, monkeypatch):
    np.savez(tmp_path / "arrays.npz", **state_dict())
    output = tmp_path / "model.keras"
    arguments = ["import", str(tmp_path / "arrays.npz"), "--output", str(output)]
    monkeypatch.setattr("sys.argv", ["keras-attn", *arguments])
    with pytest.raises(SystemExit) as exit_:
        cli.main()
    assert not exit_.value.code
    assert "outputs (None, 5)" in capsys.readouterr().out
    loaded = keras.models.load_model(output)
    np.testing.assert_allclose(
        outputs(loaded), outputs(networks.from_torch(state_dict())), rtol=1e-5
    )
    monkeypatch.setattr("sys.argv", ["keras-attn", *arguments[:-1], "model.h5"])
    with pytest.raises(SystemExit) as exit_:
        cli.main()
    assert exit_.value.code == 2
    assert "--output must end in .keras" in capsys.readouterr().err


class Code:
    """What a malicious pickle runs when it is read."""

    def __reduce__(self):
        return (open, ("/nonexistent/executed", "w"))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"fc.bias": None}, r"missing: fc\.bias"),
        ({"extra.weight": np.zeros(3)}, r"left over: extra\.weight"),
        ({"layer2.1.bn1.weight": np.zeros(3)}, r"misshapen: layer2\.1\.bn1\.weight is \(3,\)"),
        ({"layer1.0.bn1.weight": np.zeros(3)}, "almost that of a ResNet"),
        ({"conv1.weight": None, "bn1.weight": None}, "missing"),
    ],
)
def test_a_checkpoint_that_almost_fits_lists_what_does_not(change, message):
    state = {k: v for k, v in {**state_dict(), **change}.items() if v is not None}
    with pytest.raises(ValueError, match=message):
        networks.from_torch(state)


def test_what_is_not_a_checkpoint_is_refused_and_never_executed(tmp_path):
    pytest.importorskip("torch", reason="PyTorch is not installed")
    (tmp_path / "code.pth").write_bytes(pickle.dumps({"weight": Code()}, protocol=2))
    with pytest.raises(ValueError, match="Nothing in it was executed"):
        networks.from_torch(tmp_path / "code.pth")
    (tmp_path / "text.npz").write_text("no arrays")
    with pytest.raises(ValueError, match="is not an archive of NumPy arrays"):
        networks.from_torch(tmp_path / "text.npz")
    for given, error, message in (
        ({}, ValueError, "an empty mapping"),
        ({"weight": "text"}, ValueError, "'weight' is of type str"),
        ({"weight": np.zeros(3)}, ValueError, "not of a network that is known here"),
        (
            {"blocks.0.0.conv_dw.weight": np.zeros(3), "conv_head.weight": np.zeros(3)},
            ValueError,
            "nearest family is MobileNetV2 of timm, of which these entries are missing: "
            "conv_stem.weight, bn1.weight",
        ),
        (
            {"features.0.0.weights": np.zeros(3), "features.1.conv.0.0.weight": np.zeros(3)},
            ValueError,
            "nearest family is MobileNetV2 of torchvision",
        ),
        (
            {"layer1.0.conv.other.weight": np.zeros(3)},
            ValueError,
            "left over: layer1.0.conv.other.weight",
        ),
        (tmp_path / "weights.bin", ValueError, "that ends in .npz, .safetensors, .pth, .pt"),
        (tmp_path / "nowhere.npz", FileNotFoundError, "There is no file"),
    ):
        with pytest.raises(error, match=re.escape(message)):
            networks.from_torch(given)
    with pytest.raises(ValueError, match="at least 4x4 pixels"):
        networks.from_torch(state_dict(), input_shape=(2, 2, 3))
    with pytest.raises(ValueError, match=r"of the form \(height, width, 3\)"):
        networks.from_torch(state_dict(), input_shape=(32, 32, 1))


@pytest.mark.parametrize(
    ("name", "attention"),
    [
        ("resnet20_cifar", None),
        ("resnet20_cifar", "triplet"),
        ("mobilenet_v2", "csa"),
        pytest.param("resnet20_cifar", "csa", marks=pytest.mark.slow),
        pytest.param("mobilenet_v2", None, marks=pytest.mark.slow),
        pytest.param("resnet50d", None, marks=pytest.mark.slow),
        pytest.param("resnet50d", "csa", marks=pytest.mark.slow),
    ],
)
def test_networks_by_name_take_any_layer_and_are_saved(name, attention, tmp_path):
    model = networks.create(name, attention, num_classes=4, input_shape=(32, 32, 3))
    assert model.output_shape == (None, 4)
    if name == "resnet20_cifar":
        model.save(tmp_path / "network.keras")
        loaded = keras.models.load_model(tmp_path / "network.keras")
        np.testing.assert_allclose(outputs(loaded), outputs(model), rtol=1e-5, atol=1e-6)
    pyramid = networks.create(name, attention, input_shape=(64, 64, 3), pyramid=True)
    assert list(pyramid.output)[:2] == ["stage1", "stage2"]
    sizes = [each.shape[1] for each in pyramid.output.values()]
    assert sizes == sorted(sizes, reverse=True)
    pooled = networks.create(name, include_top=False, pooling="avg", input_shape=(64, 64, 3))
    assert len(pooled.output_shape) == 2


@pytest.mark.parametrize("name", ["resnet20_same", "mobilenet_v2", "resnet50d"])
def test_both_data_formats_give_the_same_logits(name):
    first = networks.create(name, "csa", num_classes=4, input_shape=(32, 32, 3))
    before = keras.config.image_data_format()
    keras.config.set_image_data_format("channels_first")
    try:
        second = networks.create(name, "csa", num_classes=4, input_shape=(3, 32, 32))
        pooled = networks.create(name, include_top=False, pooling="max", input_shape=(3, 32, 32))
    finally:
        keras.config.set_image_data_format(before)
    second.set_weights(first.get_weights())
    x = np.random.default_rng(1).normal(size=(2, 32, 32, 3)).astype("float32")
    found = ops.convert_to_numpy(second(x.transpose(0, 3, 1, 2)))
    np.testing.assert_allclose(found, outputs(first), rtol=1e-3, atol=1e-4)
    assert pooled.output_shape == (None, pooled.layers[-2].output.shape[1])


def test_networks_compute_in_the_dtype_policy():
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy("mixed_bfloat16")
    try:
        model = networks.create("resnet20_same", "csa", num_classes=4, input_shape=(8, 8, 3))
    finally:
        keras.config.set_dtype_policy(before)
    assert model.output.dtype == "bfloat16"
    assert {weight.dtype for weight in model.weights} == {"float32"}


def test_names_that_are_not_known_are_refused():
    with pytest.raises(ValueError, match="`network` must be one of"):
        networks.create("resnet19")
    with pytest.raises(ValueError, match="csaa"):
        networks.create("resnet18", "csaa")
    assert "resnet50" in networks.list_networks()
    assert recognise({"weight": np.zeros(3)}) is None
