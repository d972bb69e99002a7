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
        raise AssertionError(f"{constant} is not valid JSON")

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


@pytest.mark.once
def test_ordinal_metrics_have_their_own_columns(tiny):
    comparison = compare(
        make_dataset("ordinal"), ["none"], seeds=1, epochs=1, backbone=tiny, progress=False
    )
    expected = [*COLUMNS[:8], "kappa", "mean_absolute_error", *COLUMNS[8:]]
    assert comparison.results.columns.tolist() == expected
