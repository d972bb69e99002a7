import keras
import numpy as np
import pytest
from keras import layers, ops

import keras_attn


def nested_model():
    """A trained backbone with batch normalisation, nested in a classifier."""
    inputs = keras.Input((8, 8, 3))
    x = layers.Conv2D(16, 3, padding="same", name="conv")(inputs)
    x = layers.BatchNormalization(name="norm")(x)
    backbone = keras.Model(inputs, layers.ReLU(name="relu")(x), name="backbone")
    images = keras.Input((8, 8, 3))
    x = layers.GlobalAveragePooling2D()(backbone(images))
    return keras.Model(images, layers.Dense(2, name="predictions")(x))


def values(layer):
    return [ops.convert_to_numpy(variable).copy() for variable in layer.variables]


def test_only_attention_and_what_is_kept_learns_also_in_nested_models():
    model = keras_attn.insert_attention(nested_model(), "csa", where=["relu"])
    names = keras_attn.freeze_all_but_attention(model, keep="pred*")
    assert "predictions" in names
    assert len(names) > 1
    backbone = model.get_layer("backbone")
    before = {name: values(backbone.get_layer(name)) for name in ("conv", "norm")}
    attention = [each for each in backbone.layers if "csa" in each.name]
    first = [values(each) for each in (*attention, model.get_layer("predictions"))]
    model.compile(keras.optimizers.SGD(0.5), "mse")
    random = np.random.default_rng(0)
    model.fit(random.normal(2, 3, (8, 8, 8, 3)), random.normal(size=(8, 2)), verbose=0, epochs=2)
    for name, expected in before.items():
        for one, other in zip(values(backbone.get_layer(name)), expected, strict=True):
            np.testing.assert_array_equal(one, other)
    last = [values(each) for each in (*attention, model.get_layer("predictions"))]
    changed = [
        any((one != other).any() for one, other in zip(*pair, strict=True))
        for pair in zip(first, last, strict=True)
    ]
    assert changed[-1]
    assert any(changed[:-1])
    keras_attn.unfreeze(model)
    assert backbone.get_layer("conv").trainable


def test_what_is_not_there_is_refused():
    with pytest.raises(ValueError, match=r"has no attention layer of keras_attn: insert some"):
        keras_attn.freeze_all_but_attention(nested_model())
    model = keras_attn.insert_attention(nested_model(), "se", where=["relu"])
    with pytest.raises(ValueError, match=r"`keep` has 'head', which is not in the model"):
        keras_attn.freeze_all_but_attention(model, keep=["head"])
