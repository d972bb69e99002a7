"""Every test of a kernel runs in each mode of the backend."""

import keras
import pytest

from keras_attn import kernels

#: TensorFlow's kernels differ where XLA compiles; those for it are computed without it here.
MODES = ["for XLA", "without XLA"] if keras.backend.backend() == "tensorflow" else ["as it is"]


@pytest.fixture(autouse=True, params=MODES)
def mode(request, monkeypatch):
    if request.param == "for XLA":
        monkeypatch.setattr(kernels.chosen(), "is_compiling", lambda: True, raising=False)
