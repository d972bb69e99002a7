import dataclasses
import json
from pathlib import Path

import keras
import numpy as np
import pandas as pd
import pytest
from image_sets import make_dataset

import keras_attn
from keras_attn import study
from keras_attn.study import Comparison, compare
from keras_attn.study.grid import Group
from keras_attn.study.trainer import Trainer

# Compiling four networks takes most of a minute; `test_trial.py` trains on every backend.
pytestmark = pytest.mark.slow_on("jax", "tensorflow")

COLUMNS = [
    *("dataset", "topology", "variant", "seed"),
    *("accuracy", "balanced_accuracy", "auc", "calibration_error"),
    *("parameters", "macs", "seconds_per_step", "seconds_per_epoch"),
    *("best_epoch", "val_score", "val_loss", "diverged", "error"),
    *("backbone", "backend", "task", "classes", "image_shape"),
    *("train_samples", "val_samples", "test_samples"),
    *("epochs", "batch_size", "learning_rate", "weight_decay", "shift", "flip"),
]


#: Of the one comparison that is really trained.
ARGUMENTS = {
    "topologies": ["csa", "none", "csa"],
    "seeds": 2,
    "epochs": 2,
    "batch_size": 16,
    "backbone": "resnet8",
    "progress": False,
}


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """One real comparison, and the folder it wrote."""
    folder = tmp_path_factory.mktemp("study") / "output"
    comparison = compare(make_dataset(), **ARGUMENTS, output=folder)
    return comparison, folder


def test_the_front_door_leads_here():
    assert keras_attn.compare is compare


def test_the_baseline_comes_first_the_matched_network_last_and_everything_once(finished):
    trials = finished[0].results[["topology", "seed"]].values.tolist()
    assert trials == [[key, seed] for key in ("none", "csa", "matched-csa") for seed in (0, 1)]


def test_the_columns_are_fixed_and_the_file_holds_the_table(finished):
    comparison, folder = finished
    assert comparison.results.columns.tolist() == COLUMNS
    written = pd.read_csv(folder / "results.csv", dtype={"error": str})
    written["error"] = written["error"].fillna("")
    pd.testing.assert_frame_equal(written, comparison.results, check_dtype=False)
    files = {path.name for path in folder.iterdir() if path.is_file()}
    models = {"best.keras", "best-attention.keras"}
    assert files == {"results.csv", "results.json", "report.html", "study.json", *models}
    row = comparison.results.iloc[2]
    assert row["parameters"] > comparison.results.iloc[0]["parameters"]
    assert row["train_samples"] == 40
    assert row["backend"] == keras.backend.backend()
    assert row["image_shape"] == "8x8x1"


@pytest.mark.once
def test_ordinal_metrics_have_their_own_columns(tiny):
    comparison = compare(
        make_dataset("ordinal"), ["none"], seeds=1, epochs=1, backbone=tiny, progress=False
    )
    expected = [*COLUMNS[:8], "kappa", "mean_absolute_error", *COLUMNS[8:]]
    assert comparison.results.columns.tolist() == expected


def test_the_saved_model_gives_the_recorded_scores(finished):
    comparison, folder = finished
    best, test = comparison.best_trial, comparison.dataset.test
    task = Trainer(comparison.dataset, best.topology, "resnet8", comparison.plan.config).task
    for model in (keras.models.load_model(folder / "best.keras"), comparison.best_model):
        logits = model.predict(test.images.astype("float32"), verbose=0)
        scores = task.scores(test.labels, task.probabilities(logits))
        assert scores == pytest.approx(best.scores, abs=1e-6)
    results = comparison.results
    row = results[(results["topology"] == best.topology) & (results["seed"] == best.seed)].iloc[0]
    assert row["accuracy"] == best.scores["accuracy"]
    assert row["val_score"] == results["val_score"].max()


def test_the_saved_model_says_what_it_was_trained_for(finished):
    comparison, folder = finished
    for model in (folder / "best.keras", comparison.best_model):
        found = keras_attn.describe_model(model)
        assert (found.task, found.class_names) == ("binary", ("class 0", "class 1"))
        assert found.image_shape == (8, 8, 1)
        images = comparison.dataset.train.images
        assert found.value_range == (images.min(), images.max())


def test_the_best_with_attention_is_kept_too(finished):
    comparison, _ = finished
    group, test = comparison.groups[0], comparison.dataset.test
    best = comparison.best_trial_of(group, with_attention=True)
    assert best.topology == "csa"
    model = comparison.best_model_of(group, with_attention=True)
    task = Trainer(comparison.dataset, "csa", "resnet8", comparison.plan.config).task
    logits = model.predict(test.images.astype("float32"), verbose=0)
    assert task.scores(test.labels, task.probabilities(logits)) == pytest.approx(
        best.scores, abs=1e-6
    )


def test_the_json_file_is_standard_and_whole(finished):
    comparison, folder = finished

    def refuse(constant):
        raise AssertionError(f"{constant} is no JSON")

    values = json.loads((folder / "results.json").read_text(), parse_constant=refuse)
    assert [row["topology"] for row in values["summary"]] == ["none", "csa", "matched-csa"]
    assert values["summary"][0]["p_value"] is None
    assert values["classes"] == {"squares": ["class 0", "class 1"]}
    assert values["configuration"]["epochs"] == 2
    trial = values["trials"][2]
    assert (trial["topology"], trial["seed"]) == ("csa", 0)
    assert len(trial["curve"]) == 2
    assert len(trial["recall"]) == 2
    assert trial["macs"] == comparison.results["macs"][2] > 0


def test_the_same_call_runs_nothing_again(finished, monkeypatch):
    comparison, folder = finished

    def refuse(*arguments):
        raise AssertionError("a finished trial was run again")

    monkeypatch.setattr(Trainer, "run", refuse)
    again = compare(make_dataset(), **ARGUMENTS, output=folder)
    pd.testing.assert_frame_equal(again.results, comparison.results)
    for one, other in zip(
        again.best_model.get_weights(), comparison.best_model.get_weights(), strict=True
    ):
        np.testing.assert_array_equal(one, other)


def test_summary_and_curves(finished):
    comparison, _ = finished
    summary = comparison.summary()
    assert summary.index.tolist() == ["none", "csa", "matched-csa"]
    by_topology = comparison.results.groupby("topology")["auc"].mean()
    assert summary.loc["csa", "auc"] == pytest.approx(by_topology["csa"])
    assert summary.loc["csa", "auc_difference"] == pytest.approx(
        by_topology["csa"] - by_topology["none"]
    )
    curves = comparison.curves_of(comparison.groups[0])
    assert len(curves) == 3 * 2 * 2
    assert curves["epoch"].tolist() == [1, 2] * 6
    recall = comparison.recall_of(comparison.groups[0])
    assert recall.mean(axis=1).to_numpy() == pytest.approx(summary["balanced_accuracy"].to_numpy())


def test_the_plot_has_a_panel_a_metric(finished):
    figure = finished[0].plot()
    titles = [axes.get_title(loc="left") for axes in figure.axes]
    assert titles == ["Accuracy", "Balanced accuracy", "AUC", "Calibration error"]
    labels = [label.get_text() for label in figure.axes[0].get_yticklabels()]
    assert labels == ["none", "csa", "matched-csa"]


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
    rows = pd.read_csv(tmp_path / "results.csv", keep_default_na=False)[["topology", "seed"]]
    assert rows.values.tolist() == [["none", 0], ["none", 1]]
    monkeypatch.setattr(Trainer, "run", run)
    comparison = compare(dataset, ["csa"], seeds=2, backbone=tiny, output=tmp_path, progress=False)
    assert len(invented) == len(set(invented)) == 6
    assert len(comparison.trials) == 6
    keras.models.load_model(tmp_path / "best.keras")


def test_a_study_whose_weights_were_deleted_has_results_but_no_model(
    dataset, tiny, invented, tmp_path
):
    arguments = {"backbone": tiny, "output": tmp_path, "progress": False}
    compare(dataset, "csa", seeds=[5], **arguments)
    for path in [*(tmp_path / "weights").rglob("*.npz"), tmp_path / "best.keras"]:
        path.unlink()
    invented.clear()  # so that what comes now scores lower
    more = compare(dataset, "csa", seeds=[5, 0], **arguments)
    assert len(more.trials) == 6
    assert more.best_trial.seed == 5
    assert (tmp_path / "report.html").exists()
    assert not (tmp_path / "best.keras").exists()
    with pytest.raises(ValueError, match="file with the weights was deleted"):
        _ = more.best_model


def test_the_guideline_names_the_topologies_if_nobody_does(dataset, tiny, invented):
    comparison = compare(dataset, seeds=1, backbone=tiny, progress=False)
    recommended = keras_attn.recommend_for(dataset)
    expected = ["none", "csa", recommended.topology, recommended.alternatives[0]]
    assert [topology for topology, _ in invented][:-1] == expected
    assert invented[-1][0] in {f"matched-{key}" for key in expected[1:]}
    assert comparison.command == "keras_attn.compare(dataset, seeds=1, backbone='tiny')"


def test_the_batch_size_that_was_used_is_recorded(dataset, tiny, invented):
    for given, used in ((None, 8), (20, 20)):
        comparison = compare(
            dataset, "csa", seeds=1, backbone=tiny, batch_size=given, progress=False
        )
        assert (comparison.results["batch_size"] == used).all()


def test_seeds_may_be_named_and_a_single_topology_be_a_string(dataset, tiny, invented):
    compare(dataset, "csa", seeds=(7, np.int64(3), 7), backbone=tiny, progress=False)
    assert invented[:4] == [("none", 7), ("none", 3), ("csa", 7), ("csa", 3)]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"topologies": ["csa", "cas"]}, "no attention layer with the key 'cas'.*csa"),
        ({"topologies": ["scsa"]}, "two published designs"),
        ({"topologies": []}, "`variants` is empty"),
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
        ({"backbone": "resnet21"}, "`model` must be one of resnet8, resnet20, .* 'resnet21'"),
        ({"dataset": 5}, "must be a Dataset, or a name or path"),
        ({"dataset": []}, "`dataset` is empty"),
        ({"samples": 5000}, "fewer than the 5,000 samples"),
        ({"samples": []}, "`samples` is empty"),
        ({"engine": "spark"}, '"local", "ray"'),
        ({"jobs": 0}, "`jobs` must be a whole number of at least 1"),
        ({"margin": 0}, "`margin` must be a number above 0"),
        ({"headline": "kappa"}, '`headline` must be.*"auc".*kappa'),
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
    lines = shown.err.splitlines()
    assert len(lines) == 3
    assert lines[-1].startswith("trial 3 of 3: squares, matched-csa, seed 0: AUC 0.5")


def test_no_best_model_when_every_trial_diverged(finished):
    comparison, _ = finished
    diverged = Comparison(
        comparison.plan,
        "",
        {
            key: dataclasses.replace(trial, best=None, diverged=True, scores={})
            for key, trial in comparison.trials.items()
        },
    )
    assert (diverged.results["best_epoch"] == 0).all()
    assert diverged.summary()["diverged"].tolist() == [2, 2, 2]
    with pytest.raises(ValueError, match="every training diverged or failed"):
        _ = diverged.best_model


def test_several_sets_and_sizes_are_compared_each_on_its_own(tiny, invented, tmp_path):
    pair = [make_dataset(name="one"), make_dataset(name="two", seed=1)]
    comparison = compare(
        pair, "csa", seeds=2, samples=(16, 32), backbone=tiny, output=tmp_path, progress=False
    )
    assert comparison.groups == tuple(
        Group(name, size) for name in ("one", "two") for size in (16, 32)
    )
    assert len(invented) == 4 * 3 * 2
    summary = comparison.summary()
    assert summary.index.names == ["dataset", "train_samples", "topology"]
    part = comparison.results.query("dataset == 'two' and train_samples == 32")
    expected = part.groupby("topology")["auc"].mean()["csa"]
    assert summary.loc[("two", 32, "csa"), "auc"] == pytest.approx(expected)
    assert comparison.ranking().blocks == 4
    for name in ("one-16", "one-32", "two-16", "two-32"):
        keras.models.load_model(tmp_path / f"best-{name}.keras")


def test_a_comparison_in_which_everything_failed_says_why(dataset, tiny, monkeypatch):
    def fail(self, seed, on_epoch=None):
        raise MemoryError("too large")

    monkeypatch.setattr(Trainer, "run", fail)
    with pytest.raises(RuntimeError, match=r"(?s)Every trial failed.*MemoryError: too large"):
        compare(dataset, ["csa"], seeds=1, backbone=tiny, progress=False)


def test_a_comparison_of_which_a_part_failed_shows_the_rest(
    dataset, tiny, invented, tmp_path, monkeypatch
):
    run = Trainer.run

    def fail(self, seed, on_epoch=None):
        if self.topology == "csa":
            raise MemoryError("<b>too large</b>")
        return run(self, seed, on_epoch)

    monkeypatch.setattr(Trainer, "run", fail)
    comparison = compare(
        dataset, ["csa", "sa"], seeds=2, backbone=tiny, output=tmp_path, progress=False
    )
    assert comparison.summary()["failed"].tolist() == [0, 2, 0, 0]
    page = (tmp_path / "report.html").read_text()
    assert "MemoryError: &lt;b&gt;too large" in page
    assert "2 failed" in page


def test_a_folder_of_another_study_is_refused_before_any_training(
    dataset, tiny, invented, tmp_path
):
    arguments = {"seeds": 1, "backbone": tiny, "output": tmp_path, "progress": False}
    compare(dataset, "csa", **arguments)
    ran = len(invented)
    before = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    with pytest.raises(ValueError, match="shift was 0 and is 2"):
        compare(dataset, "csa", shift=2, **arguments)
    with pytest.raises(ValueError, match=r"margin was 0\.01 and is 0\.02"):
        compare(dataset, "csa", margin=0.02, **arguments)
    assert len(invented) == ran
    after = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    assert after == before


def test_numpy_arguments_are_taken_and_shown_as_numbers(dataset, tiny, invented):
    comparison = compare(
        dataset,
        np.array(["csa"]),
        seeds=np.arange(2),
        samples=np.int64(16),
        epochs=np.int64(1),
        jobs=np.int64(1),
        backbone=tiny,
        progress=False,
    )
    assert len(comparison.trials) == 3 * 2
    assert comparison.command == (
        "keras_attn.compare(dataset, variants=['csa'], seeds=[0, 1], samples=16, epochs=1, "
        "backbone='tiny', jobs=1)"
    )


def test_dollar_signs_in_names_are_drawn(tiny, invented, tmp_path):
    pair = [make_dataset(name=name) for name in ("a$x^$b", "c$d")]
    comparison = compare(pair, "csa", seeds=1, backbone=tiny, progress=False)
    comparison.plot().savefig(tmp_path / "plot.svg")
    comparison.report(tmp_path / "report.html")
    assert "a$x^$b" in (tmp_path / "report.html").read_text()


def test_a_report_into_a_missing_folder_is_one_clear_error(finished, tmp_path):
    with pytest.raises(FileNotFoundError, match=r"no folder '.*missing' for the file 'x.html'"):
        finished[0].report(tmp_path / "missing" / "x.html")


def test_results_know_no_analysis_and_analysis_no_report():
    """Imports inside the study point from results to analysis to report, and back nowhere."""
    folder = Path(study.__file__).parent
    order = ["results", "analysis", "wording", "report", "comparison"]
    for place, name in enumerate(order):
        source = (folder / f"{name}.py").read_text()
        later = [each for each in order[place:] if f"keras_attn.study.{each} import" in source]
        assert not later, f"{name} imports {later}"
        assert "TYPE_CHECKING" not in source
    assert "import keras_attn\n" not in (folder / "plan.py").read_text()
