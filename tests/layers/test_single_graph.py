"""PyTorch's compiler takes each layer as one graph, in training and without gradients.

Every break of a graph is a full-size map in memory.
"""

import keras
import numpy as np
import pytest

import keras_attn
from keras_attn import kernels

if keras.backend.backend() != "torch":
    pytest.skip("only PyTorch's compiler breaks graphs", allow_module_level=True)

import torch

#: Between them they call all kernels; the other layers are compiled by `make test-all`.
REPRESENTATIVES = ("csa", "csa2", "ela", "fca", "gam", "nam", "simam")
SHAPE = (2, 8, 8, 64)


def new_layer(key):
    entry = keras_attn.describe(key)
    return entry.create(**entry.sample, data_format="channels_last")


@pytest.mark.filterwarnings("ignore:Dynamo detected a call to a")  # Keras caches rules for dtypes
@pytest.mark.parametrize(
    "key",
    [
        pytest.param(key, marks=[pytest.mark.slow] * (key not in REPRESENTATIVES))
        for key in keras_attn.list_layers()
    ],
)
def test_a_layer_is_one_graph(key):
    layer = new_layer(key)
    x = torch.rand(SHAPE, requires_grad=True)
    for training in (True, False):
        with torch.set_grad_enabled(training):
            expected = keras.tree.flatten(layer(x, training=training))
            torch.compiler.reset()
            whole = torch.compile(layer, fullgraph=True, backend="eager")
            found = keras.tree.flatten(whole(x, training=training))
        for one, other in zip(found, expected, strict=True):
            np.testing.assert_allclose(
                one.detach().numpy(), other.detach().numpy(), rtol=1e-5, atol=1e-6
            )


def test_the_representatives_call_all_kernels_that_layers_call(monkeypatch):
    chosen = kernels.chosen()

    class Recorder:
        def __getattr__(self, name):
            called.add(name)
            return getattr(chosen, name)

    monkeypatch.setattr("keras_attn.kernels.choice._chosen", Recorder())
    by_layer = {}
    for key in keras_attn.list_layers():
        called = by_layer[key] = set()
        new_layer(key)(torch.rand(SHAPE), training=True)
    reached = set.union(*(by_layer[key] for key in REPRESENTATIVES))
    assert reached == set.union(*by_layer.values()) != set()
