"""PyTorch's compiler takes each layer as one graph: every break is a full-size map in memory."""

import keras
import numpy as np
import pytest

import keras_attn

if keras.backend.backend() != "torch":
    pytest.skip("only PyTorch's compiler breaks graphs", allow_module_level=True)

import torch

#: A chain of gates with all kinds of pooling; all others are compiled by `make test-all`.
REPRESENTATIVES = ("csa",)


@pytest.mark.parametrize(
    "key",
    [
        pytest.param(key, marks=[pytest.mark.slow] * (key not in REPRESENTATIVES))
        for key in keras_attn.list_layers()
    ],
)
def test_a_layer_is_one_graph(key):
    entry = keras_attn.describe(key)
    layer = entry.create(**entry.sample, data_format="channels_last")
    x = torch.rand(2, 8, 8, 64, requires_grad=True)
    expected = keras.tree.flatten(layer(x, training=True))
    torch.compiler.reset()
    whole = torch.compile(layer, fullgraph=True, backend="eager")
    found = keras.tree.flatten(whole(x, training=True))
    for one, other in zip(found, expected, strict=True):
        np.testing.assert_allclose(
            one.detach().numpy(), other.detach().numpy(), rtol=1e-5, atol=1e-6
        )
