"""What tests of layers share."""

import keras
import numpy as np
import pytest


@pytest.fixture(scope="module", autouse=True)
def numpy_draws_initial_weights():
    """Draws uniform weights with NumPy on JAX, which compiles its own drawing for every shape."""
    if keras.backend.backend() != "jax":
        yield
        return

    def draw(initializer, shape, dtype=None):
        values = np.random.uniform(initializer.minval, initializer.maxval, shape)
        return keras.ops.convert_to_tensor(values.astype("float32"), dtype=dtype)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(keras.initializers.RandomUniform, "__call__", draw)
        yield
