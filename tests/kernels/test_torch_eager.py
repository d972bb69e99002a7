"""The functions of PyTorch without a compiler have all derivatives, in place and differentiable."""

import functools

import keras
import pytest

if keras.backend.backend() != "torch":
    pytest.skip("these are functions of PyTorch", allow_module_level=True)

import torch
from gradients import positive_tensors
from torch.autograd import gradcheck, gradgradcheck

from keras_attn.kernels.torch_eager import Pooled, Product, summed

SHAPE = (2, 3, 2, 4)
CHANNEL, POSITION = (2, 1, 1, 4), (2, 3, 2, 1)
BOTH = ("mean", "max")

CASES = {
    "times channel": (Product.apply, (SHAPE, CHANNEL)),
    "times both": (Product.apply, (SHAPE, CHANNEL, POSITION)),
    "times both, positions first": (Product.apply, (SHAPE, POSITION, CHANNEL)),
    "times one gate for all": (Product.apply, (SHAPE, (1, 1, 1, 1), POSITION)),
    "positions": (lambda x: Pooled.apply(x, (1, 2), BOTH), (SHAPE,)),
    "channels": (lambda x: Pooled.apply(x, (3,), BOTH), (SHAPE,)),
    "maximum": (lambda x: Pooled.apply(x, (1, 2), ("max",)), (SHAPE,)),
    "mean under a gate": (lambda x, g: summed(x, g, torch.Size(CHANNEL)), (SHAPE, POSITION)),
}


@pytest.mark.filterwarnings("ignore:`torch.jit.script`:DeprecationWarning")  # PyTorch's own
@pytest.mark.parametrize("name", CASES)
def test_all_derivatives_are_those_of_finite_differences(name):
    function, shapes = CASES[name]
    values = positive_tensors(shapes)
    assert gradcheck(function, values, check_forward_ad=True, check_batched_grad=True)
    assert gradgradcheck(function, values)


@pytest.mark.parametrize("name", CASES)
def test_gradients_in_place_agree_where_values_tie_and_nothing_is_written_over(name):
    function, shapes = CASES[name]
    values = positive_tensors(shapes)
    with torch.no_grad():
        values[0].round_(decimals=0)  # many values tie
    before = [value.detach().clone() for value in values]
    gradients = []
    for create_graph in (False, True):
        outputs = function(*values)
        outputs = outputs if isinstance(outputs, tuple) else (outputs,)
        total = functools.reduce(torch.add, [each.pow(2).sum() for each in outputs])
        gradients.append(torch.autograd.grad(total, values, create_graph=create_graph))
    for ours, theirs in zip(*gradients, strict=True):
        torch.testing.assert_close(ours, theirs.detach())
    for value, expected in zip(values, before, strict=True):
        torch.testing.assert_close(value.detach(), expected, rtol=0, atol=0)
