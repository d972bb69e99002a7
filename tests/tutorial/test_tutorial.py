"""What the notebooks share, on images that a network can learn in a moment."""

import io

import numpy as np
import pytest
from image_sets import make_dataset

import keras_attn
from keras_attn import tutorial
from keras_attn.data import Dataset, Split
from keras_attn.networks.design import Design
from keras_attn.study.built_in import RESIDUAL
from keras_attn.tasks.classification import Classification
from keras_attn.tasks.create import TASKS as ALL_TASKS
from keras_attn.tutorial.tables import confusion

#: The tasks whose images have labels.
TASKS = [name for name, task in ALL_TASKS.items() if issubclass(task, Classification)]

pytestmark = pytest.mark.slow_on("jax", "tensorflow")

NAMES = {"epochs": 2, "backbone": "tiny", "progress": False}


@pytest.fixture(scope="module", autouse=True)
def tiny():
    """A backbone that compiles in a moment."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(
            RESIDUAL, "tiny", Design("basic", (8, 16), (1, 1), "cifar", (8,), padding="same")
        )
        yield


@pytest.fixture(scope="module")
def runs(tiny):
    """A training of each kind of task."""
    return {task: tutorial.train(make_dataset(task), "csa", **NAMES) for task in TASKS}


def drawn(figure):
    """That the figure can be drawn."""
    figure.savefig(io.BytesIO(), dpi=30)
    return figure


@pytest.mark.parametrize("task", TASKS)
def test_a_run_is_a_trial_of_the_study(task, runs):
    run, dataset = runs[task], make_dataset(task)
    assert run.topology == "csa"
    assert run.metrics == run.trial.scores
    assert list(run.history.index) == [1, 2]
    assert run.probabilities.shape == (len(dataset.test.labels), len(dataset.class_names))
    assert run.predictions.shape == dataset.test.labels.shape
    assert np.mean(run.predictions == dataset.test.labels) == pytest.approx(run.metrics["accuracy"])
    for ours, kept in zip(run.model.get_weights(), run.trial.weights, strict=True):
        np.testing.assert_array_equal(ours, kept)


def test_train_is_what_compare_trains(runs):
    dataset = make_dataset()
    comparison = keras_attn.compare(
        dataset, ["csa"], seeds=1, epochs=2, backbone="tiny", progress=False
    )
    row = comparison.results.set_index("topology").loc["csa"]
    assert row["auc"] == pytest.approx(runs["binary"].metrics["auc"])
    assert row["parameters"] == runs["binary"].trial.parameters


def test_train_takes_samples_seeds_and_settings(capsys):
    dataset = make_dataset(sizes=(60, 20, 22))
    run = tutorial.train(
        dataset, epochs=1, backbone="tiny", samples=30, seed=1, flip=True, batch_size=10
    )
    assert (run.topology, run.trial.seed, run.trial.steps) == ("none", 1, 3)
    assert len(run.dataset.train.labels) == 30
    assert len(run.dataset.test.labels) == 22
    assert "\rnone: epoch 1 of 1, " in capsys.readouterr().out


def test_train_refuses_what_it_does_not_know():
    with pytest.raises(ValueError, match="no attention layer with the key 'caa'"):
        tutorial.train(make_dataset(), "caa")
    with pytest.raises(ValueError, match="`backbone` must be one of"):
        tutorial.train(make_dataset(), backbone="vgg")
    with pytest.raises(ValueError, match="`epochs` must be a whole number"):
        tutorial.train(make_dataset(), epochs=0)


def test_training_that_diverges():
    with pytest.raises(RuntimeError, match=r"'none' diverged.*lower `learning_rate`"):
        tutorial.train(make_dataset(), **NAMES, learning_rate=1e38)


@pytest.mark.parametrize("task", TASKS)
def test_take_keeps_every_class(task):
    dataset = make_dataset(task, sizes=(60, 24, 24))
    part = tutorial.take(dataset, 12, evaluated=8)
    assert [len(each.labels) for each in (part.train, part.val, part.test)] == [12, 8, 8]
    again = tutorial.take(dataset, 12, evaluated=8)
    np.testing.assert_array_equal(part.train.images, again.train.images)
    inside = {image.tobytes() for image in tutorial.take(dataset, 30).train.images}
    assert {image.tobytes() for image in part.train.images} <= inside
    assert len(tutorial.take(dataset, 1000).train.labels) == 60


def test_take_keeps_a_class_however_rare():
    labels = np.zeros(400, int)
    labels[[7, 300]] = 1, 2
    split = Split(np.zeros((400, 8, 8, 1), "uint8"), labels)
    dataset = Dataset("rare", "multi-class", ("a", "b", "c"), split, split, split)
    assert set(tutorial.take(dataset, 5).train.labels) == {0, 1, 2}
    with pytest.raises(ValueError, match="never name the class"):
        tutorial.take(dataset, 2)
    with pytest.raises(ValueError, match="`samples` must be a whole number"):
        tutorial.take(dataset, 0)


def test_metrics_table_has_the_metrics_of_the_task(runs):
    table = tutorial.metrics_table({"first": runs["ordinal"], "second": runs["ordinal"]})
    assert list(table.index) == ["first", "second"]
    assert table.loc["first", "Quadratic weighted kappa"] == pytest.approx(
        runs["ordinal"].metrics["kappa"], abs=1e-3
    )
    assert table["Parameters"].dtype == int


@pytest.mark.parametrize("task", TASKS)
def test_class_table_counts(task, runs):
    dataset = runs[task].dataset
    table = tutorial.class_table(runs[task])
    assert list(table.index) == list(dataset.class_names)
    for column, labels in (("Training", dataset.train.labels), ("Test", dataset.test.labels)):
        counts = labels.sum(axis=0) if labels.ndim == 2 else np.bincount(labels)
        assert list(table[f"{column} images"]) == list(counts)
    assert table["Recall"].mean() == pytest.approx(np.mean(runs[task].trial.recall), abs=1e-3)


def test_confusion(runs):
    run = runs["multi-class"]
    table = confusion(run)
    assert table.sum() == len(run.dataset.test.labels)
    assert table.trace() / table.sum() == pytest.approx(run.metrics["accuracy"])
    pairs = tutorial.confused_pairs(run, 100)
    assert pairs["Test images"].sum() == table.sum() - table.trace()
    assert list(pairs["Test images"]) == sorted(pairs["Test images"], reverse=True)
    for function in (tutorial.confused_pairs, tutorial.show_confusion):
        with pytest.raises(ValueError, match="no one class"):
            function(runs["multi-label"])


@pytest.mark.parametrize("task", TASKS)
def test_figures(task, runs):
    run = runs[task]
    drawn(tutorial.show_images(run.dataset))
    drawn(tutorial.show_balance(run.dataset))
    drawn(tutorial.show_curves({"one": run, "other": run}))
    drawn(tutorial.show_gates(run))
    if task != "multi-label":
        drawn(tutorial.show_confusion(run))


def test_images_of_chosen_classes():
    dataset = make_dataset("ordinal")
    figure = tutorial.show_images(dataset, ["class 3", "class 1"], each=2)
    titles = [axes.get_title() for axes in figure.axes]
    assert titles == ["class 3", "class 1", "", ""]
    with pytest.raises(ValueError, match="no class 'class 9'"):
        tutorial.show_images(dataset, ["class 9"])


def test_many_classes_are_drawn_without_names():
    labels = np.arange(60) % 30
    split = Split(np.zeros((60, 8, 8, 1), "uint8"), labels)
    names = tuple(f"class {index}" for index in range(30))
    dataset = Dataset("many", "multi-class", names, split, split, split)
    assert len(drawn(tutorial.show_images(dataset, each=1)).axes) == 10
    (axes,) = drawn(tutorial.show_balance(dataset)).axes
    assert "class 0" not in [label.get_text() for label in axes.get_yticklabels()]


def test_gates_that_do_not_vary_over_the_image():
    run = tutorial.train(make_dataset(), "ca", **{**NAMES, "epochs": 1})
    with pytest.raises(ValueError, match="No gate of 'ca' varies over the image"):
        tutorial.show_gates(run)


def test_shapes():
    images, labels, masks = tutorial.draw_shapes(30, size=24, seed=1)
    assert (images.shape, images.dtype) == ((30, 24, 24, 3), "uint8")
    assert (labels.shape, masks.shape) == ((30,), (30, 24, 24))
    assert set(labels) == set(range(len(tutorial.SHAPES)))
    for image, mask in zip(images, masks, strict=True):
        assert 4 <= mask.sum() < 24 * 24 / 4
        assert not mask[0].any()
        assert image[mask].mean() > image[~mask].mean()
    np.testing.assert_array_equal(images, tutorial.draw_shapes(30, size=24, seed=1)[0])
    with pytest.raises(ValueError, match="at least 16"):
        tutorial.draw_shapes(3, size=8)
