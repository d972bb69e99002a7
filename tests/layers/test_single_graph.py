"""PyTorch's compiler takes each topology as one graph: every break is a full-size map in memory."""

import keras
import numpy as np
import pytest

import keras_attn

if keras.backend.backend() != "torch":
    pytest.skip("only PyTorch's compiler breaks graphs", allow_module_level=True)

import torch


@pytest.mark.parametrize("key", keras_attn.list_topologies())
def test_a_topology_is_one_graph(key):
    layer = keras_attn.create(key, data_format="channels_last")
    x = torch.rand(2, 6, 6, 16, requires_grad=True)
    expected = layer(x)
    torch.compiler.reset()
    whole = torch.compile(layer, fullgraph=True, backend="eager")
    found = whole(x)
    np.testing.assert_allclose(
        found.detach().numpy(), expected.detach().numpy(), rtol=1e-5, atol=1e-6
    )
