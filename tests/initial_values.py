"""Initial weights for tests, drawn by NumPy: JAX compiles its own draws for every shape."""

import importlib

import keras
import numpy as np
from scipy.special import ndtr, ndtri

#: Where truncated normal distributions end, in standard deviations.
END = 2.0


def uniform(random, shape, low=0.0, high=1.0):
    return random.uniform(low, high, shape)


def normal(random, shape, mean=0.0, deviation=1.0):
    return random.normal(mean, deviation, shape)


def truncated_normal(random, shape, mean=0.0, deviation=1.0):
    return mean + deviation * ndtri(random.uniform(ndtr(-END), ndtr(END), shape))


def draw_with_numpy(patch):
    """Replaces the draws of the backend whose seed is a number, as those of initializers are.

    Random layers, such as dropout, have generators as seeds and keep the backend's draws.
    """
    module = importlib.import_module(f"keras.src.backend.{keras.backend.backend()}.random")
    for draw in (uniform, normal, truncated_normal):
        patch.setattr(module, draw.__name__, replaced(getattr(module, draw.__name__), draw))


def replaced(original, draw):
    def drawn(shape, *numbers, dtype=None, seed=None, **named):
        if not isinstance(seed, int):
            return original(shape, *numbers, dtype=dtype, seed=seed, **named)
        values = draw(np.random.default_rng(seed), shape, *numbers, *named.values())
        return keras.ops.convert_to_tensor(values, dtype or keras.config.floatx())

    return drawn
