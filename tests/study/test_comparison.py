import dataclasses

import keras
import numpy as np
import pandas as pd
import pytest

import keras_attn
from keras_attn.study import Comparison, compare
from keras_attn.study.configuration import suitable_batch_size
from keras_attn.study.trial import Trainer

COLUMNS = [
    *("dataset", "topology", "seed", "accuracy", "balanced_accuracy", "auc"),
    *("parameters", "seconds_per_epoch", "best_epoch", "val_auc", "val_loss", "diverged"),
    *("backbone", "backend", "task", "classes", "image_shape"),
    *("train_samples", "val_samples", "test_samples"),
    *("epochs", "batch_size", "learning_rate", "weight_decay", "shift", "flip"),
]


@pytest.fixture(scope="module")
def finished(dataset_of, tmp_path_factory):
    """One real comparison, and the folder it wrote."""
    folder = tmp_path_factory.mktemp("study") / "output"
    comparison = compare(
        dataset_of(),
        topologies=["csa", "none", "csa"],
        seeds=2,
        epochs=2,
        batch_size=16,
        output=folder,
        progress=False,
    )
    return comparison, folder


def test_the_front_door_leads_here():
    assert keras_attn.compare is compare


def test_the_baseline_comes_first_and_everything_once(finished):
    trials = finished[0].results[["topology", "seed"]].values.tolist()
    assert trials == [["none", 0], ["none", 1], ["csa", 0], ["csa", 1]]


def test_the_columns_are_fixed_and_the_file_holds_the_table(finished):
    comparison, folder = finished
    assert comparison.results.columns.tolist() == COLUMNS
    pd.testing.assert_frame_equal(pd.read_csv(folder / "results.csv"), comparison.results)
    assert {path.name for path in folder.iterdir()} == {"results.csv", "report.html", "best.keras"}
    row = comparison.results.iloc[2]
    assert row["parameters"] > comparison.results.iloc[0]["parameters"]
    assert row["train_samples"] == 40
    assert row["backend"] == keras.backend.backend()
    assert row["image_shape"] == "8x8x1"


def test_ordinal_metrics_have_their_own_columns(dataset_of, tiny):
    comparison = compare(
        dataset_of("ordinal"), ["none"], seeds=1, epochs=1, backbone=tiny, progress=False
    )
    expected = [*COLUMNS[:6], "kappa", "mean_absolute_error", *COLUMNS[6:]]
    assert comparison.results.columns.tolist() == expected


def test_the_saved_model_gives_the_recorded_scores(finished):
    comparison, folder = finished
    best, test = comparison.best_trial, comparison.dataset.test
    task = Trainer(comparison.dataset, best.topology, "resnet20", comparison.config).task
    for model in (keras.models.load_model(folder / "best.keras"), comparison.best_model):
        logits = model.predict(test.images.astype("float32"), verbose=0)
        scores = task.scores(test.labels, task.probabilities(logits))
        assert scores == pytest.approx(best.scores, abs=1e-6)
    results = comparison.results
    row = results[(results["topology"] == best.topology) & (results["seed"] == best.seed)].iloc[0]
    assert row["accuracy"] == best.scores["accuracy"]
    assert row["val_auc"] == results["val_auc"].max()


def test_only_the_weights_of_the_best_are_kept(finished):
    comparison, _ = finished
    assert [bool(trial.weights) for trial in comparison.trials].count(True) == 1
    assert comparison.best_trial.weights


def test_summary_and_curves(finished):
    comparison, _ = finished
    summary = comparison.summary()
    assert summary.index.tolist() == ["none", "csa"]
    by_topology = comparison.results.groupby("topology")["auc"].mean()
    assert summary.loc["csa", "auc"] == pytest.approx(by_topology["csa"])
    assert summary.loc["csa", "auc_difference"] == pytest.approx(
        by_topology["csa"] - by_topology["none"]
    )
    assert len(comparison.curves) == 2 * 2 * 2
    assert comparison.curves["epoch"].tolist() == [1, 2] * 4


def test_the_plot_has_a_panel_a_metric(finished):
    figure = finished[0].plot()
    titles = [axes.get_title(loc="left") for axes in figure.axes]
    assert titles == ["Accuracy", "Balanced accuracy", "AUC"]
    labels = [label.get_text() for label in figure.axes[0].get_yticklabels()]
    assert labels == ["none", "csa"]


def test_save_writes_the_same_again(finished, tmp_path):
    comparison, folder = finished
    comparison.save(tmp_path / "copy")
    for name in ("results.csv", "best.keras", "report.html"):
        assert (tmp_path / "copy" / name).stat().st_size > 0
    copied = (tmp_path / "copy" / "results.csv").read_bytes()
    assert copied == (folder / "results.csv").read_bytes()


def test_an_interrupted_run_keeps_its_finished_trials(
    dataset, tiny, invented, tmp_path, monkeypatch
):
    run = Trainer.run

    def interrupt_the_third(self, seed, on_epoch=None):
        if len(invented) == 2:
            raise KeyboardInterrupt
        return run(self, seed, on_epoch)

    monkeypatch.setattr(Trainer, "run", interrupt_the_third)
    with pytest.raises(KeyboardInterrupt):
        compare(dataset, ["csa"], seeds=2, backbone=tiny, output=tmp_path, progress=False)
    assert {path.name for path in tmp_path.iterdir()} == {"results.csv", "best.keras"}
    rows = pd.read_csv(tmp_path / "results.csv")[["topology", "seed"]].values.tolist()
    assert rows == [["none", 0], ["none", 1]]
    keras.models.load_model(tmp_path / "best.keras")


def test_a_write_that_fails_leaves_the_file_before_it(
    dataset, tiny, invented, tmp_path, monkeypatch
):
    to_csv = pd.DataFrame.to_csv

    def fail_on_the_second(self, path, **arguments):
        to_csv(self.head(1), path, **arguments)
        if len(self) == 2:
            raise OSError("No space left on device")

    monkeypatch.setattr(pd.DataFrame, "to_csv", fail_on_the_second)
    with pytest.raises(OSError, match="No space left"):
        compare(dataset, ["csa"], seeds=2, backbone=tiny, output=tmp_path, progress=False)
    assert len(pd.read_csv(tmp_path / "results.csv")) == 1
    assert not [path.name for path in tmp_path.iterdir() if path.name.startswith(".")]


def test_the_guideline_names_the_topologies_if_nobody_does(dataset, tiny, invented):
    comparison = compare(dataset, seeds=1, backbone=tiny, progress=False)
    recommended = keras_attn.recommend_for(dataset)
    expected = ["none", "csa", recommended.topology, recommended.alternatives[0]]
    assert [topology for topology, _ in invented] == expected
    assert comparison.command == "keras_attn.compare(dataset, seeds=1, backbone='tiny')"


@pytest.mark.parametrize(("images", "expected"), [(20, 8), (126, 15), (546, 64), (5000, 64)])
def test_small_sets_get_small_batches_unless_told_otherwise(images, expected):
    assert suitable_batch_size(images) == expected


def test_the_batch_size_that_was_used_is_recorded(dataset, tiny, invented):
    for given, used in ((None, 8), (20, 20)):
        comparison = compare(
            dataset, "csa", seeds=1, backbone=tiny, batch_size=given, progress=False
        )
        assert (comparison.results["batch_size"] == used).all()


def test_seeds_may_be_named_and_a_single_topology_be_a_string(dataset, tiny, invented):
    compare(dataset, "csa", seeds=(7, np.int64(3), 7), backbone=tiny, progress=False)
    assert invented == [("none", 7), ("none", 3), ("csa", 7), ("csa", 3)]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"topologies": ["csa", "cas"]}, "no attention layer with the key 'cas'.*csa"),
        ({"topologies": ["scsa"]}, "two published designs"),
        ({"topologies": []}, "`topologies` is empty"),
        ({"seeds": 0}, "`seeds` must be a whole number of at least 1"),
        ({"seeds": True}, "`seeds` must be a whole number"),
        ({"seeds": 1.5}, "`seeds` must be a whole number"),
        ({"seeds": []}, "`seeds` is empty"),
        ({"seeds": [0, -1]}, "`seed` must be a whole number of at least 0"),
        ({"epochs": 0}, "`epochs` must be a whole number of at least 1"),
        ({"batch_size": 0}, "`batch_size` must be a whole number of at least 1"),
        ({"shift": -1}, "`shift` must be a whole number of at least 0"),
        ({"learning_rate": float("nan")}, "`learning_rate` must be a number of at least 0"),
        ({"weight_decay": "much"}, "`weight_decay` must be a number of at least 0"),
        ({"backbone": "resnet21"}, "resnet20, resnet18, resnet50"),
        ({"dataset": 5}, "must be a Dataset, or a name or path"),
    ],
)
def test_bad_arguments_are_refused_before_any_training(
    dataset, invented, tmp_path, arguments, message
):
    output = tmp_path / "output"
    with pytest.raises(ValueError, match=message):
        compare(**{"dataset": dataset, "output": output, "progress": False, **arguments})
    assert not invented
    assert not output.exists()


def test_an_output_that_is_a_file_is_refused_before_any_training(dataset, invented, tmp_path):
    file = tmp_path / "file"
    file.write_text("mine")
    with pytest.raises(NotADirectoryError, match="Name a folder"):
        compare(dataset, output=file, progress=False)
    assert not invented
    assert file.read_text() == "mine"


def test_progress_is_shown_on_standard_error_or_not_at_all(dataset, tiny, invented, capsys):
    compare(dataset, ["csa"], seeds=1, backbone=tiny, progress=False)
    assert capsys.readouterr() == ("", "")
    compare(dataset, ["csa"], seeds=1, backbone=tiny, progress=True)
    shown = capsys.readouterr()
    assert shown.out == ""
    assert "2/2" in shown.err


def test_no_best_model_when_every_trial_diverged(finished):
    comparison, _ = finished
    trials = [dataclasses.replace(trial, best=None, diverged=True) for trial in comparison.trials]
    diverged = Comparison(comparison.dataset, "resnet20", comparison.config, "", trials)
    assert (diverged.results["best_epoch"] == 0).all()
    assert diverged.summary()["diverged"].tolist() == [2, 2]
    with pytest.raises(ValueError, match="every trial became NaN"):
        _ = diverged.best_model
