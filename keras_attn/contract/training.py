"""Checks of training, saving and published weights."""

from __future__ import annotations

import tempfile
from pathlib import Path

import keras
import numpy as np

from keras_attn.catalogue import Entry
from keras_attn.contract.assertions import expect, expect_equal
from keras_attn.contract.running import as_array, attended, run
from keras_attn.contract.samples import CHANNELS, create, random_map, random_state, shape_of
from keras_attn.layers.torch_weights import (
    load_torch_weights,
    published_variables,
    torch_state_dict,
)

#: How far rounding alone moves a bias that batch normalisation takes out again.
ROUNDING = 1e-6


def check_training_and_saving(entry: Entry) -> None:
    """A compiled `fit` moves every weight, and a saved model gives bit-equal outputs.

    A layer that declares the limit `every_bias_learns` must have a bias that does not move.
    """
    keras.utils.set_random_seed(0)
    inputs = keras.Input((None, None, CHANNELS))
    layer = create(entry)
    outputs = layer(inputs)
    features = [keras.layers.GlobalAveragePooling2D()(attended(outputs))]
    features += outputs[1:] if isinstance(outputs, (list, tuple)) else []
    joined = keras.layers.Concatenate()(features) if features[1:] else features[0]
    model = keras.Model(inputs, keras.layers.Dense(1)(joined))
    model.compile(keras.optimizers.SGD(0.1), "mse")
    x = random_map(shape_of(2, batch=8))
    before = [as_array(weight) for weight in model.trainable_weights]
    history = model.fit(x, random_map((8, 1), seed=1), epochs=2, batch_size=4, verbose=0)
    expect(np.isfinite(history.history["loss"]).all(), "the loss is not finite")
    moved = {
        weight.path: np.abs(as_array(weight) - old).max()
        for weight, old in zip(model.trainable_weights, before, strict=True)
    }
    biases = [path for path, by in moved.items() if path.endswith("/bias") and by < ROUNDING]
    stuck = [path for path, by in moved.items() if by == 0 and path not in biases]
    expect(not stuck, f"{stuck} get no gradient")
    declared = "every_bias_learns" in entry.limits
    expect_equal(declared, bool(biases), f"the biases {biases} do not learn, which is declared")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.keras"
        model.save(path)
        loaded = keras.models.load_model(path)
    expect_equal(as_array(run(loaded, x)), as_array(run(model, x)), "output of the loaded model")
    again = loaded.layers[1]
    expect_equal(again.get_config(), layer.get_config(), "the saved configuration")
    expect_equal(sorted(dir(again)), sorted(dir(layer)), "the attributes of the loaded layer")


def check_published_weights(entry: Entry) -> None:
    """Every weight has a published name of its own, and is saved and loaded unchanged."""
    layer = create(entry)
    layer.build(shape_of(2))
    published = list(published_variables(layer))
    names = {each.name for each in published}
    expect_equal(len(names), len(published), "how many different published names there are")
    named = {id(each.variable) for each in published}
    expect_equal(named, {id(weight) for weight in layer.weights}, "the weights that have names")
    state = random_state(layer)
    load_torch_weights(layer, {f"block.{name}": array for name, array in state.items()}, "block.")
    for each in published:
        ours, theirs = as_array(each.variable), state[each.name]
        expect_equal(np.sort(ours, axis=None), np.sort(theirs, axis=None), f"{each.name}, loaded")
    back = torch_state_dict(layer)
    expect_equal(back.keys(), state.keys(), "the names of the state dict")
    for name, array in back.items():
        expect_equal(array, state[name], f"{name}, saved")


CHECKS = (check_published_weights, check_training_and_saving)
