"""What the layers are timed against computes what they compute: outputs and gradients agree."""

import keras
import numpy as np
import pytest

import keras_attn
from keras_attn.contract.assertions import expect_near
from keras_attn.contract.running import as_array
from keras_attn.contract.samples import create_random, random_map
from keras_attn.layers.torch_weights import published_variables

if keras.backend.backend() != "torch":
    pytest.skip("the published forms are PyTorch modules", allow_module_level=True)

import torch

from benchmarks.published_forms import published_form

#: Relative to the largest value: some modules add up thousands of products.
TOLERANCE = 5e-5


def outputs_and_gradients(call, weights, x):
    """The outputs, and the gradients of sum(outputs * weightings) by input and by weights."""
    x = torch.tensor(x, requires_grad=True)
    outputs = keras.tree.flatten(call(x))
    weightings = [torch.tensor(random_map(each.shape, seed=1)) for each in outputs]
    gradients = torch.autograd.grad(outputs, [x, *weights], weightings)
    outputs, (input_gradient, *gradients) = (
        [as_array(each.detach()) for each in tensors] for tensors in (outputs, gradients)
    )
    return outputs, input_gradient, gradients


def assert_same(layer, form, x, training):
    state = keras_attn.torch_state_dict(layer)
    form.train(training)
    form.load_state_dict({name: torch.from_numpy(array) for name, array in state.items()})
    named = {each.name: each for each in published_variables(layer)}
    published = [named[name] for name, _ in form.named_parameters()]
    outputs, input_gradient, gradients = outputs_and_gradients(
        lambda x: layer(x, training=training), [each.variable.value for each in published], x
    )
    expected = outputs_and_gradients(form, form.parameters(), x)
    for output, expected_output in zip(outputs, expected[0], strict=True):
        expect_near(output, expected_output, TOLERANCE)
    expect_near(input_gradient, expected[1], TOLERANCE)
    # All in one, since that of a bias before a batch normalisation is nothing but rounding.
    gradients = [
        gradient.transpose(each.axes).reshape(each.torch_shape)
        for gradient, each in zip(gradients, published, strict=True)
    ]
    assert [each.shape for each in gradients] == [each.shape for each in expected[2]]
    if gradients:
        ours, theirs = (np.concatenate([*map(np.ravel, all_)]) for all_ in (gradients, expected[2]))
        expect_near(ours, theirs, TOLERANCE)


@pytest.mark.parametrize("training", [False, True])
@pytest.mark.parametrize("key", keras_attn.list_layers())
def test_the_published_form_is_the_layer(key, training):
    entry = keras_attn.describe(key)
    x = random_map((2, 32, 14, 12))
    layer = create_random(entry, x.shape, data_format="channels_first")
    assert_same(layer, published_form(key, 32, **entry.sample), x, training)


@pytest.mark.parametrize("key", keras_attn.list_layers())
def test_the_published_form_has_the_layers_defaults(key):
    entry = keras_attn.describe(key)
    config = {name: entry.default_config[name] for name in entry.sample}
    x = random_map((4, 256, 14, 14))
    keras.utils.set_random_seed(0)
    layer = entry.create(data_format="channels_first", **config)
    layer.build(x.shape)
    assert_same(layer, published_form(key, 256, **config), x, training=False)
