"""What `compare` does with its arguments, and with trials that fail: nothing is trained."""

import keras
import numpy as np
import pandas as pd
import pytest
from image_sets import make_dataset

import keras_attn
from keras_attn.study import compare
from keras_attn.study.grid import Group
from keras_attn.study.trainer import Trainer


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
