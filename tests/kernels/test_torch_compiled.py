"""What torch.compile traces has the gradients of finite differences, and of a batch of them."""

import keras
import pytest

if keras.backend.backend() != "torch":
    pytest.skip("these are functions of PyTorch", allow_module_level=True)

from gradients import positive_tensors
from torch.autograd import gradcheck, gradgradcheck

from keras_attn.kernels.torch_compiled import Energy, Maximum, Normalize

SHAPE = (2, 3, 2, 4)

CASES = {
    "maximum": (lambda x: Maximum.apply(x, (1, 2)), (SHAPE,)),
    "normalised": (lambda x: Normalize.apply(x, (1, 2), 1e-3)[0], (SHAPE,)),
    "normalised batch": (
        lambda *all: Normalize.apply(all[0], (0, 1, 2), 1e-3, *all[1:])[0],
        (SHAPE, (4,), (4,)),
    ),
    "energy": (lambda x: Energy.apply(x, (1, 2), 1e-2)[0], (SHAPE,)),
}


@pytest.mark.filterwarnings("ignore:`torch.jit.script`:DeprecationWarning")  # PyTorch's own
@pytest.mark.parametrize("name", CASES)
def test_gradients_are_those_of_finite_differences(name):
    function, shapes = CASES[name]
    values = positive_tensors(shapes)
    assert gradcheck(function, values, check_batched_grad=True)
    assert gradgradcheck(function, values)
