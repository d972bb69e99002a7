"""Predictions are kept, verdicts rest on them, and without them on the seeds alone."""

import numpy as np
import pytest
from image_sets import make_dataset

from keras_attn.study import Comparison, compare
from keras_attn.study.grid import Group, TrialKey
from keras_attn.study.predictions import Predictions
from keras_attn.study.question import Question
from keras_attn.study.trainer import Trainer
from keras_attn.study.trial import Epoch, Trial
from keras_attn.study.verdicts import decide, with_images
from keras_attn.study.wording import caution
from keras_attn.tasks.create import learning_task

pytestmark = pytest.mark.once


@pytest.fixture
def predicted(monkeypatch):
    """Trials whose networks err at random: csa on few test images, none on more."""

    def run(self, seed, on_epoch=None):
        test, random = self.dataset.test, np.random.default_rng((seed, len(self.topology)))
        skill = 1.5 if self.topology == "csa" else 1.0
        truth = np.eye(2)[test.labels]
        logits = random.normal(0, 1, truth.shape) + skill * truth
        probabilities = np.exp(logits) / np.exp(logits).sum(1, keepdims=True)
        task = learning_task(self.dataset.task, 2)
        point = Epoch(1, 0.1, 1.0, 1.0, 0.5, 0.5)
        return Trial(
            self.topology,
            seed,
            parameters=100,
            macs=1000,
            steps=2,
            curve=[point],
            best=point,
            scores=task.scores(test.labels, probabilities),
            recall=[0.5, 0.5],
            seconds=0.2,
            weights=self.build().get_weights(),
            predictions=probabilities,
        )

    monkeypatch.setattr(Trainer, "run", run)


def study(folder, **arguments):
    dataset = make_dataset(sizes=(40, 18, 60))
    return compare(
        dataset, "csa", model="resnet8", seeds=6, output=folder, progress=False, **arguments
    )


def test_intervals_over_test_images_are_wider_and_the_report_says_so(predicted, tiny, tmp_path):
    comparison = study(tmp_path)
    row = comparison.summary().loc["csa"]
    assert row["basis"] == "seeds and test images"
    assert row["best_probability"] > 0.5
    assert {"none", "csa"} <= set(comparison.outcomes[comparison.groups[0]])
    assert row["combined_low"] < row["auc_difference_low"]
    assert row["combined_high"] > row["auc_difference_high"]
    report = (tmp_path / "report.html").read_text()
    assert "with images" in report
    assert "what other test images would change" in report
    again = Comparison.read(tmp_path).summary().loc["csa"]
    assert again["combined_low"] == row["combined_low"]
    kept = Predictions(tmp_path)
    (group,) = comparison.groups
    labels, groups = kept.labels(group)
    np.testing.assert_array_equal(labels, comparison.dataset.test.labels)
    assert groups is None
    for key, trial in comparison.trials.items():
        scores = learning_task("binary", 2).scores(labels, kept.of(key))
        assert scores["accuracy"] == pytest.approx(trial.scores["accuracy"])
        assert scores["auc"] == pytest.approx(trial.scores["auc"], abs=2e-3)
    # A trial whose predictions are gone leaves its variant with the seeds alone.
    kept._file(next(key for key in comparison.trials if key.topology == "csa")).unlink()
    fewer = Comparison.read(tmp_path)
    assert fewer.summary().loc["csa", "basis"] == "seeds"
    assert "No predictions were kept" in caution(fewer.summary())


def test_without_predictions_the_verdicts_rest_on_the_seeds(predicted, tiny, tmp_path):
    comparison = study(tmp_path, predictions=False)
    row = comparison.summary().loc["csa"]
    assert (row["basis"], np.isnan(row["combined_low"])) == ("seeds", True)
    assert not (tmp_path / "predictions").exists()
    assert "No predictions were kept" in (tmp_path / "report.html").read_text()


def test_a_large_study_takes_little_space(tmp_path):
    random = np.random.default_rng(0)
    logits = random.normal(0, 4, (10_000, 10))
    probabilities = np.exp(logits) / np.exp(logits).sum(1, keepdims=True)
    key = TrialKey("cifar10", None, "csa", 0)
    kept = Predictions(tmp_path)
    kept.add(key, probabilities)
    assert kept._file(key).stat().st_size < 2e6  # 100 trials take less than 200 MB
    assert np.abs(kept.of(key) - probabilities).max() < 5e-4
    assert kept.labels(Group("cifar10")) is None


def test_an_undecided_variant_is_told_whether_seeds_or_images_are_missing():
    random = np.random.default_rng(0)
    differences = random.normal(0.012, 0.004, 6)
    rule = Question("auc", 0.01)
    assert decide({"csa": differences}, rule)["csa"].verdict == "better"
    undecided = decide({"csa": differences}, rule, {"csa": 0.02**2})["csa"]
    assert undecided.verdict == "undecided"
    assert undecided.images_needed > 1
    assert np.isinf(undecided.seeds_needed)
    few = with_images(8, differences, 1e-8)
    assert few[0] >= 8
    assert np.isnan(few[1])
