"""What a user writes: it runs, and a type checker accepts it."""

import keras
import numpy as np

import keras_attn


def parameters_of(key: str) -> int:
    """The number of parameters of a network with the layer."""
    inputs = keras.Input((8, 8, 16))
    model = keras.Model(inputs, keras_attn.create(key)(inputs))
    return keras_attn.cost(model).parameters


recommendation = keras_attn.recommend(546, granularity="fine")
keys: list[str] = [recommendation.topology, *recommendation.alternatives]
counts: dict[str, int] = {key: parameters_of(key) for key in keys}
maps = keras_attn.create("csa")(np.ones((1, 8, 8, 16), "float32"))
print(maps.shape, counts, keras_attn.describe("csa").formula)
