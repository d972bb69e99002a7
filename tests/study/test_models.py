import keras
import numpy as np
import pytest
from image_sets import make_dataset
from keras import layers

import keras_attn
from keras_attn.study import compare
from keras_attn.study.adaptation import HEAD, with_logits
from keras_attn.study.grammar import named
from keras_attn.study.models import GivenModel, read_model
from keras_attn.study.variant_network import build_variant, new_layers

SHAPE = (8, 8, 1)


def small(image_shape, num_classes, activation="softmax", channels=4):
    """A network with one residual block, unless it is told otherwise with probabilities."""
    inputs = keras.Input(image_shape)
    x = layers.Conv2D(channels, 3, padding="same", name="stem")(inputs)
    y = layers.Conv2D(channels, 3, padding="same", name="branch")(x)
    y = layers.BatchNormalization(name="norm")(y)
    x = layers.Add(name="sum")([x, y])
    x = layers.GlobalAveragePooling2D(name="pooling")(x)
    return keras.Model(inputs, layers.Dense(num_classes, activation, name="head")(x), name="small")


def trained(model):
    """The model with all weights changed, as a training changes them."""
    generator = np.random.default_rng(1)
    model.set_weights([w + generator.uniform(0.1, 0.2, w.shape) for w in model.get_weights()])
    return model


IMAGES = np.random.default_rng(0).random((5, *SHAPE), "float32")


@pytest.mark.once
@pytest.mark.parametrize(
    ("task", "classes", "outputs", "activation"),
    [
        ("binary", 2, 1, "sigmoid"),
        ("binary", 2, 2, "softmax"),
        ("binary", 2, 2, None),
        ("multi-class", 3, 3, "softmax"),
        ("multi-label", 3, 3, "sigmoid"),
    ],
)
def test_a_head_that_fits_gives_its_own_probabilities(task, classes, outputs, activation):
    from keras_attn.tasks.create import learning_task

    model = trained(small(SHAPE, outputs, activation))
    logits, notes = with_logits(model, task, classes)
    expected = model.predict(IMAGES, verbose=0)
    head = learning_task(task, classes)
    found = head.probabilities(logits.predict(IMAGES, verbose=0))
    if activation is None:
        expected = np.exp(expected) / np.exp(expected).sum(-1, keepdims=True)
    if outputs == 1:
        expected = np.concatenate([1 - expected, expected], -1)
    assert logits.output_shape == (None, head.outputs)
    assert notes == []
    np.testing.assert_allclose(found, expected, atol=1e-5)


@pytest.mark.once
def test_an_activation_of_its_own_is_left_out():
    model = small(SHAPE, 3, None)
    for activation in (layers.Softmax(), layers.Activation("softmax"), keras.ops.softmax):
        ended = keras.Model(model.inputs, activation(model.output))
        logits, _ = with_logits(ended, "multi-class", 3)
        np.testing.assert_allclose(
            logits.predict(IMAGES, verbose=0), model.predict(IMAGES, verbose=0), rtol=1e-5
        )


@pytest.mark.once
def test_a_head_that_does_not_fit_is_replaced_after_the_last_global_pooling():
    model = trained(small(SHAPE, 10))
    logits, (note,) = with_logits(model, "multi-class", 3)
    assert logits.output_shape == (None, 3)
    assert [layer.name for layer in logits.layers[-2:]] == ["pooling", HEAD]
    assert "3 logits after its last global pooling, pooling" in note
    np.testing.assert_array_equal(
        logits.get_layer("stem").get_weights()[0], model.get_layer("stem").get_weights()[0]
    )
    headless = keras.Model(model.inputs, model.get_layer("sum").output)
    logits, (note,) = with_logits(headless, "binary", 2)
    assert logits.output_shape == (None, 1)
    assert "a new global average pooling" in note


@pytest.mark.once
def test_all_seeds_start_from_trained_weights_and_draw_new_ones():
    from keras_attn.study.initialization import initialize

    dataset = make_dataset()
    for model, is_trained in ((small(SHAPE, 10), False), (trained(small(SHAPE, 10)), True)):
        network = GivenModel(model, value_range=(0, 1))
        built = build_variant(network, named("csa"), *kind(dataset), dataset)
        names = new_layers(network, dataset, built)
        body = built.get_layer("small")
        found = []
        for seed in (0, 1):
            initialize(built, seed, names)
            found.append([body.get_layer(name).get_weights()[0] for name in ("stem", HEAD)])
        (stem, head), (other_stem, other_head) = found
        assert (head != other_head).any()
        assert (stem == other_stem).all() == is_trained
        if is_trained:
            np.testing.assert_array_equal(stem, model.get_layer("stem").get_weights()[0])


def kind(dataset):
    return dataset.image_shape, dataset.task, len(dataset.class_names)


@pytest.mark.once
@pytest.mark.parametrize("is_trained", [False, True])
def test_attention_starts_as_published_or_as_the_identity_in_a_trained_model(is_trained):
    dataset = make_dataset()
    model = small(SHAPE, 1)
    network = GivenModel(trained(model) if is_trained else model, value_range=(0, 1))
    images = dataset.val.images.astype("float32")

    def outputs(text):
        return build_variant(network, named(text), *kind(dataset), dataset).predict(
            images, verbose=0
        )

    plain = outputs("none")
    assert np.allclose(outputs("csa"), plain, atol=1e-5) == is_trained
    assert not np.allclose(outputs("csa:published"), plain, atol=1e-5)
    np.testing.assert_allclose(outputs("csa:identity"), plain, atol=1e-5)
    np.testing.assert_allclose(outputs("matched-csa"), plain, atol=1e-5)


@pytest.mark.once
def test_variants_go_to_the_places_that_they_name():
    dataset = make_dataset()

    def layers_in(text):
        model = build_variant("resnet8", named(text), *kind(dataset), dataset)
        return [layer.name for layer in model.layers if isinstance(layer, keras_attn.layers.CSA)]

    assert layers_in("csa@stage2:published") == ["stage2_block1_relu_csa"]
    assert layers_in("csa@stage2.blocks:published") == ["stage2_block1_add_csa"]
    assert len(layers_in("csa@blocks")) == len(layers_in("csa@stages:published")) == 3
    assert len(layers_in("eca@stage1+csa@stages:published")) == 3
    with pytest.raises(ValueError, match=r"no place 'stage4'.*stage1, stage2, stage3"):
        layers_in("csa@stage4")


@pytest.mark.once
def test_one_channel_is_repeated_and_the_value_range_is_met():
    dataset = make_dataset()
    model = trained(small((8, 8, 3), 1))
    with pytest.raises(ValueError, match=r"value range.*value_range=\(0, 1\)"):
        GivenModel(model).body(*kind(dataset))
    network = GivenModel(model, value_range=(-1, 1))
    built = build_variant(network, named("none"), *kind(dataset), dataset)
    images = dataset.val.images.astype("float32")
    logits = with_logits(model, "binary", 2)[0]
    np.testing.assert_allclose(
        built.predict(images, verbose=0),
        logits.predict(np.repeat(images / 127.5 - 1, 3, -1), verbose=0),
        atol=1e-4,
    )
    assert any("was repeated" in note for note in network.body(*kind(dataset)).notes)


@pytest.mark.once
@pytest.mark.parametrize(
    ("model", "message"),
    [
        ("resnet21", "must be one of resnet8"),
        (5, "must be one of resnet8"),
        ("missing.keras", "There is no file 'missing.keras'"),
        ("missing.py:build", "cannot be loaded"),
        ("keras_attn:missing", "no function 'missing' in 'keras_attn'"),
    ],
)
def test_a_model_that_cannot_be_is_refused(model, message):
    with pytest.raises(ValueError, match=message):
        read_model(model)


@pytest.mark.once
def test_models_that_surgery_cannot_edit_are_refused():
    sequential = keras.Sequential([keras.Input(SHAPE), layers.Flatten(), layers.Dense(1)])
    with pytest.raises(ValueError, match=r"is Sequential\. Wrap it"):
        GivenModel(sequential).body(SHAPE, "binary", 2)
    with pytest.raises(ValueError, match=r"must return a keras\.Model"):
        GivenModel(lambda shape, classes: None).body(SHAPE, "binary", 2)
    with pytest.raises(ValueError, match="There is no application 'MobileNetV9'"):
        read_model("keras.applications:MobileNetV9").size_for(SHAPE)


@pytest.mark.once
def test_an_application_takes_weights_from_a_file_of_the_whole_network(tmp_path):
    name, file = "keras.applications:MobileNetV2", tmp_path / "whole.weights.h5"
    whole = keras.applications.MobileNetV2((32, 32, 3), weights=None, classes=5)
    trained(whole).save_weights(file)
    body = read_model(name, weights=str(file)).body((32, 32, 1), "multi-class", 3)
    assert (body.is_trained, body.value_range) == (True, (-1, 1))
    assert body.model.output_shape == (None, 3)
    kernels = [m.get_layer("block_1_expand").get_weights()[0] for m in (body.model, whole)]
    np.testing.assert_array_equal(*kernels)
    network = read_model(name)
    assert network.size_for(SHAPE) == 32
    assert not network.body((32, 32, 1), "multi-class", 3).is_trained


@pytest.mark.slow_on("jax", "tensorflow")
def test_a_function_and_a_change_of_the_model_are_compared(tmp_path):
    def wrapped(model):
        outer = keras.Input(SHAPE)
        return keras.Model(outer, model(outer))

    comparison = compare(
        make_dataset(),
        ["csa(reduction=2)@blocks", keras_attn.Variant(wrapped)],
        model=small,
        seeds=2,
        epochs=1,
        batch_size=16,
        output=tmp_path,
        progress=False,
    )
    table = comparison.results
    assert not table["error"].any()
    pairs = table[["topology", "variant"]].drop_duplicates().values.tolist()
    assert pairs == [
        ["none", "none"],
        ["csa", "csa(reduction=2)@blocks"],
        ["wrapped", "wrapped"],
        ["matched-csa", "matched-csa(reduction=2)@blocks"],
    ]
    assert table["backbone"].unique().tolist() == ["small"]
    same = table.set_index(["variant", "seed"])["val_loss"]
    assert same["wrapped"].tolist() == pytest.approx(same["none"].tolist(), rel=1e-5)
    assert same["none"].nunique() == 2
    assert comparison.summary().index.tolist() == [variant for _, variant in pairs]
    saved = keras.models.load_model(tmp_path / "best.keras")
    assert saved.output_shape == (None, 1)
    report = (tmp_path / "report.html").read_text()
    assert "csa(reduction=2)@blocks" in report
    assert "random weights, which the seed decides" in report


def test_statistics_become_those_of_the_training_images():
    from keras_attn.study.recalibration import Recalibration

    inputs = keras.Input((4,))
    model = keras.Model(inputs, layers.BatchNormalization(momentum=0.999)(inputs))
    images = np.random.default_rng(0).normal(3.0, 2.0, (64, 4)).astype("float32")
    Recalibration(model)(images, batch_size=16)
    mean, variance = (keras.ops.convert_to_numpy(w) for w in model.non_trainable_weights)
    np.testing.assert_allclose(mean, images.mean(0), rtol=1e-4)
    np.testing.assert_allclose(variance, images.var(0), rtol=0.2)
    assert model.layers[1].momentum == 0.999
    model.layers[1].trainable = False
    Recalibration(model)(images + 1, batch_size=16)
    found = keras.ops.convert_to_numpy(model.layers[1].moving_mean)
    np.testing.assert_array_equal(found, mean)
