import keras
import numpy as np
import pytest
from keras import layers, ops

import keras_attn
from keras_attn.layers import Blend
from keras_attn.surgery import FeaturePyramid

IMAGES = np.random.default_rng(0).random((4, 16, 16, 3), "float32")


def outputs(model, images=IMAGES):
    found = model(images, training=False)
    return keras.tree.map_structure(ops.convert_to_numpy, found)


def inserted(model):
    kinds = (keras_attn.layers.AttentionLayer, Blend)
    return {layer.name: layer for layer in model.layers if isinstance(layer, kinds)}


@pytest.mark.slow_on("jax", but_representatives=True)
@pytest.mark.parametrize("key", keras_attn.list_layers())
def test_every_layer_is_the_identity_at_first_and_its_blend_has_a_gradient(key):
    entry = keras_attn.describe(key)
    if "single_output" in entry.limits:
        pytest.skip(f"{key} does not return a map; its refusal is tested below")
    config = {**entry.default_config, **entry.sample, "data_format": "channels_last"}
    layer = Blend(entry.create(**config))
    x = np.random.default_rng(0).random((2, 16, 16, 32), "float32")
    np.testing.assert_array_equal(ops.convert_to_numpy(layer(x)), x)
    # d sum(y) / d blend = sum(A(x) - x), which a step of the blend by 1 adds to the sum.
    layer.blend.assign(1)
    y, attended = (ops.convert_to_numpy(each(x)) for each in (layer, layer.attention))
    np.testing.assert_allclose(y, attended, rtol=1e-5, atol=1e-5)
    assert abs(y.sum() - x.sum()) > 1


@pytest.mark.slow_on("jax")
def test_inserted_attention_learns(network):
    attended = keras_attn.insert_attention(network, {1: "mscsa", 2: "cbam"}, reduction=2)
    np.testing.assert_allclose(outputs(attended), outputs(network), rtol=0, atol=1e-6)
    blends = list(inserted(attended).values())
    assert len(blends) == 3
    before = [layer.attention.get_weights() for layer in blends]
    attended.compile(keras.optimizers.SGD(0.5), "mse")
    attended.fit(IMAGES, np.ones((4, 3)), batch_size=4, epochs=2, verbose=0)
    for layer, weights in zip(blends, before, strict=True):
        assert float(ops.convert_to_numpy(layer.blend)) != 0
        # The attention's own weights learn once the blend has left zero.
        pairs = zip(layer.attention.get_weights(), weights, strict=True)
        assert any(np.abs(new - old).max() > 0 for new, old in pairs)


def test_at_one_the_blend_is_the_attention(network):
    attended = keras_attn.insert_attention(network, "csa")
    for layer in inserted(attended).values():
        layer.blend.assign(1)
    plain = keras_attn.insert_attention(network, "csa", start="published")
    plain.set_weights([w for w in attended.get_weights() if w.ndim])
    np.testing.assert_allclose(outputs(attended), outputs(plain), atol=1e-6)
    assert np.abs(outputs(plain) - outputs(network)).max() > 1e-4


def test_keys_by_stage_and_by_name(network):
    by_stage = keras_attn.insert_attention(network, {1: "sa", 2: "ca"})
    assert list(inserted(by_stage)) == ["first_sum_sa", "second_sum_ca", "third_sum_ca"]
    by_name = keras_attn.insert_attention(network, {"second_*": "csa"}, start="published")
    assert list(inserted(by_name)) == ["second_sum_csa"]
    with pytest.raises(ValueError, match=r"No place fits key=\{7: 'sa'\}.*first_sum \(stage 1"):
        keras_attn.insert_attention(network, {7: "sa"})


def test_where_the_authors_put_it(network):
    published = {1: "se", 2: "bam"}
    attended = keras_attn.insert_attention(network, published, "published", reduction=2)
    assert list(inserted(attended)) == ["first_sum_se"]  # BAM only sits between stages
    attended = keras_attn.insert_attention(network, "bam", "published", reduction=2)
    assert list(inserted(attended)) == ["first_out_bam"]
    with pytest.raises(
        ValueError,
        match=r"authors of 'csa' put it is not known here. Choose a place.*scsa_synergist",
    ):
        keras_attn.insert_attention(network, "csa", "published")


def test_shared_weights_are_trained_together_and_copies_are_not(network):
    shared = keras_attn.insert_attention(network, "sa", weights="share")
    copied = keras_attn.insert_attention(network, "sa")
    assert shared.get_layer("stem") is network.get_layer("stem")
    assert copied.get_layer("stem") is not network.get_layer("stem")
    before = outputs(network)
    copied.get_layer("stem").bias.assign_add(np.ones(8))
    np.testing.assert_array_equal(outputs(network), before)
    shared.get_layer("stem").bias.assign_add(np.ones(8))
    np.testing.assert_allclose(outputs(shared), outputs(network), atol=1e-6)
    assert np.abs(outputs(network) - before).max() > 1e-3


def test_a_frozen_model_is_kept_frozen_and_its_attention_is_not(network):
    network.trainable = False
    attended = keras_attn.insert_attention(network, "ca")
    names = {variable.path.split("/")[0] for variable in attended.trainable_variables}
    assert names == set(inserted(attended))
    # The model that is around new layers is not frozen as a whole: they could not learn.
    inputs = keras.Input((16, 16, 3))
    outer = keras.Model(inputs, network(inputs))
    nested = keras_attn.insert_attention(outer, "ca")
    assert len(nested.trainable_variables) == len(attended.trainable_variables)


def test_a_precision_and_a_format_are_those_around(network):
    keras.config.set_dtype_policy("mixed_bfloat16")
    try:
        inputs = keras.Input((8, 16, 16))
        conv = layers.Conv2D(8, 3, padding="same", data_format="channels_first", name="conv")
        model = keras.Model(inputs, layers.Add()([conv(inputs), inputs]))
    finally:
        keras.config.set_dtype_policy("float32")
    (layer,) = inserted(keras_attn.insert_attention(model, "csa")).values()
    assert layer.compute_dtype == layer.attention.compute_dtype == "bfloat16"
    assert layer.attention.data_format == "channels_first"


def test_several_outputs_shared_layers_and_states_are_kept(tmp_path):
    inputs = keras.Input((16, 16, 3), name="image")
    normalised = layers.Normalization(name="normalised")
    normalised.adapt(IMAGES)
    twice = layers.Conv2D(3, 3, padding="same", name="twice")
    x = layers.Add(name="sum")([normalised(inputs), twice(twice(inputs))])
    x = layers.Dropout(0.5, name="dropout")(x)
    model = keras.Model({"image": inputs}, {"map": x, "mean": layers.GlobalAveragePooling2D()(x)})
    attended = keras_attn.insert_attention(model, "sa", ["sum", "twice"])
    # A place is a call, so each of the two calls of `twice` has attention of its own.
    assert list(inserted(attended)) == ["twice_sa", "twice_sa_2", "sum_sa"]
    for name, value in outputs(attended, {"image": IMAGES}).items():
        np.testing.assert_allclose(value, outputs(model, {"image": IMAGES})[name], atol=1e-6)
    attended.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    for name, value in outputs(loaded, {"image": IMAGES}).items():
        np.testing.assert_allclose(value, outputs(model, {"image": IMAGES})[name], atol=1e-6)


def test_again_and_out_again(network):
    once = keras_attn.insert_attention(network, "csa")
    twice = keras_attn.insert_attention(once, "csa")
    assert len(inserted(twice)) == 6
    assert len(set(inserted(twice))) == 6
    np.testing.assert_allclose(outputs(twice), outputs(network), atol=1e-6)
    restored = keras_attn.remove_attention(twice)
    assert [layer.name for layer in restored.layers] == [layer.name for layer in network.layers]
    np.testing.assert_allclose(outputs(restored), outputs(network), atol=1e-6)
    with pytest.raises(ValueError, match="'small' has no attention layer of keras_attn"):
        keras_attn.remove_attention(restored)


def test_levels_of_a_pyramid_follow_the_attention(network, tmp_path):
    levels = {"P1": "first_out", "P2": "third_out"}
    trunk = network.get_layer("third_out").output
    pyramid = FeaturePyramid(network.input, trunk, pyramid_level_inputs=levels)
    attended = keras_attn.insert_attention(pyramid, "sa", "stages")
    assert attended.pyramid_level_inputs == {"P1": "first_out_sa", "P2": "third_out_sa"}
    attended.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    assert loaded.pyramid_level_inputs == attended.pyramid_level_inputs
    maps = keras.Model(loaded.input, loaded.pyramid_outputs)
    assert {k: v.shape for k, v in outputs(maps).items()} == {
        "P1": (4, 16, 16, 8),
        "P2": (4, 8, 8, 16),
    }
    assert keras_attn.remove_attention(loaded).pyramid_level_inputs == levels
    with pytest.raises(ValueError, match="Use weights='copy'"):
        keras_attn.insert_attention(pyramid, "sa", weights="share")


def test_a_class_that_is_built_from_its_graph_is_kept(network):
    class Trained(keras.Model):
        def train_step(self, *arguments):
            return {"loss": 42.0}

    model = Trained(network.inputs, network.outputs)
    assert type(keras_attn.insert_attention(model, "ca")) is Trained


def test_bad_arguments(network):
    with pytest.raises(ValueError, match=r"`start` must be one of.*identity"):
        keras_attn.insert_attention(network, "ca", start="zero")
    with pytest.raises(ValueError, match=r"`weights` must be one of.*share"):
        keras_attn.insert_attention(network, "ca", weights="imagenet")
    with pytest.raises(ValueError, match=r"'abn' cannot be inserted.*attention_branch_network"):
        keras_attn.insert_attention(network, "abn")
    with pytest.raises(ValueError, match=r"no attention layer with the key 'cbma'.*cbam"):
        keras_attn.insert_attention(network, "cbma")
    with pytest.raises(ValueError, match="`attention` must be a layer"):
        Blend("se")
    # What the layer itself refuses names the layer.
    with pytest.raises(ValueError, match="reduction"):
        keras_attn.insert_attention(network, "se", reduction=1000)
