"""A cross-validated study: one estimate, one test that allows for what the folds share."""

import inspect

import numpy as np
import pytest
from image_sets import make_dataset
from scipy import stats

from keras_attn.data.dataset import Dataset, Split
from keras_attn.study import Comparison, compare
from keras_attn.study.arguments import plan_of
from keras_attn.study.trainer import Trainer
from keras_attn.study.trial import Epoch, Trial

pytestmark = pytest.mark.once


@pytest.fixture
def tested(monkeypatch):
    """Invented scores; the test images of each trial, by topology and seed."""
    found = {}

    def run(self, seed, on_epoch=None):
        found[self.topology, seed] = self.dataset.test.images
        random = np.random.default_rng((seed, len(self.topology)))
        score = random.uniform(0.7, 0.8)
        point = Epoch(1, 0.1, 1.0, 1.0, score, score)
        return Trial(
            self.topology,
            seed,
            parameters=100,
            macs=1000,
            steps=2,
            curve=[point],
            best=point,
            scores=dict.fromkeys(self.task.metric_names, score),
            recall=[score, score],
            seconds=0.2,
            weights=self.build().get_weights(),
            predictions=np.eye(2)[self.dataset.test.labels],  # each fold's own, all correct
        )

    monkeypatch.setattr(Trainer, "run", run)
    return found


def test_folds_are_pooled_by_the_corrected_resampled_test(tested, tiny, tmp_path):
    dataset = make_dataset(sizes=(40, 18, 20))
    comparison = compare(
        dataset, "csa", model=tiny, folds=5, seeds=10, output=tmp_path, progress=False
    )
    count = sum(len(tested["csa", seed]) for seed in range(5))
    assert count == 78
    for seed in range(10):
        np.testing.assert_array_equal(tested["csa", seed], tested["none", seed])
    assert not np.array_equal(tested["none", 0], tested["none", 5])
    table = comparison.results.pivot(index="seed", columns="variant", values="auc")
    difference = (table["csa"] - table["none"]).to_numpy()
    error = np.sqrt(difference.var(ddof=1) * (1 / 10 + 1 / 3))
    row = comparison.summary().loc["csa"]
    expected = 2 * stats.t.sf(abs(difference.mean()) / error, 9)
    assert row["p_value"] == pytest.approx(expected)
    reach = stats.t.ppf(0.975, 9) * error
    assert row["auc_difference_high"] == pytest.approx(min(difference.mean() + reach, 1))
    text = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert "corrected resampled t-test of Nadeau and Bengio" in text
    assert text.count("cross-validated in 5 folds") == 2  # the note, and the methods paragraph
    again = Comparison.read(tmp_path)
    assert again.summary().loc["csa", "p_value"] == row["p_value"]
    (group,) = again.groups
    np.testing.assert_array_equal(again.outcomes[group]["csa"].confusion, np.eye(2))
    labels = np.concatenate([dataset.train.labels, dataset.val.labels, dataset.test.labels])
    assert again.majorities[group] == pytest.approx(max(np.mean(labels), 1 - np.mean(labels)))
    assert row["basis"] == "seeds"  # the folds account for the images, not a second variance
    with pytest.raises(ValueError, match="folds was 5 and is 'not recorded'"):
        compare(dataset, "csa", model=tiny, seeds=10, output=tmp_path, progress=False)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"folds": 5, "seeds": 7}, "give a multiple of 5 seeds. Received: seeds=7"),
        ({"folds": 5, "seeds": "auto"}, "give a multiple of 5 seeds"),
        ({"folds": 2, "seeds": 2}, r"`folds` must be.*at least 3"),
    ],
)
def test_folds_that_are_not_tested_equally_often_are_refused(arguments, message, tiny):
    with pytest.raises(ValueError, match=message):
        compare(make_dataset(), "csa", model=tiny, progress=False, **arguments)


def test_splits_that_are_not_used_are_not_announced(tiny):
    images, labels = make_dataset(sizes=(60, 18, 20)).train
    split = Split(images, labels)
    dataset = Dataset(
        "cut", "binary", ("a", "b"), train=split, val=split, test=split, cut=("val", "test")
    )
    arguments = {"variants": "csa", "model": tiny, "seeds": 3}
    bound = inspect.signature(compare).bind(dataset, **arguments)
    bound.apply_defaults()
    assert any("came without" in note for note in plan_of(bound.arguments).notes)
    assert not any(
        "came without" in note for note in plan_of({**bound.arguments, "folds": 3}).notes
    )
