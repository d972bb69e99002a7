"""Every test of a kernel runs in each mode of the backend."""

import keras
import pytest

from keras_attn import kernels

#: Kernels differ where XLA compiles for TensorFlow, and where torch.compile traces; those for a
#: compiler are computed without it here.
MODES = {
    "tensorflow": ["for XLA", "without XLA"],
    "torch": ["operation by operation", "for torch.compile"],
    "jax": ["as it is"],
}


@pytest.fixture(autouse=True, params=MODES[keras.backend.backend()])
def mode(request, monkeypatch):
    if request.param == "for XLA":
        monkeypatch.setattr(kernels.chosen(), "is_compiling", lambda: True, raising=False)
    elif request.param == "for torch.compile":
        import torch

        monkeypatch.setattr(torch.compiler, "is_compiling", lambda: True)
