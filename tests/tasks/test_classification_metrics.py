import os
import warnings
from pathlib import Path

import numpy as np
import pytest
from sklearn.metrics import (
    balanced_accuracy_score,
    cohen_kappa_score,
    recall_score,
    top_k_accuracy_score,
)

from keras_attn.tasks import classification_metrics as metrics
from keras_attn.tasks.create import learning_task

pytestmark = pytest.mark.once

RANDOM = np.random.default_rng(0)
MEDMNIST_TASKS = {
    "binary": "binary-class",
    "multi-class": "multi-class",
    "ordinal": "ordinal-regression",
    "multi-label": "multi-label, binary-class",
}


def sample(task, size=80):
    if task == "multi-label":
        labels = RANDOM.integers(0, 2, (size, 5))
        return labels, 0.6 * RANDOM.random((size, 5)) + 0.3 * labels
    classes = 2 if task == "binary" else 4
    labels = RANDOM.integers(0, classes, size)
    scores = RANDOM.random((size, classes)) + 0.5 * np.eye(classes)[labels]
    return labels, scores / scores.sum(axis=1, keepdims=True)


@pytest.mark.parametrize("task", MEDMNIST_TASKS)
def test_accuracy_and_auc_are_those_of_medmnist(task):
    evaluator = pytest.importorskip(
        "medmnist.evaluator", reason="medmnist is not installed, and it defines the metrics"
    )
    for _ in range(5):
        labels, probabilities = sample(task)
        column = labels if labels.ndim == 2 else labels[:, None]
        theirs = MEDMNIST_TASKS[task]
        assert metrics.accuracy(labels, probabilities) == pytest.approx(
            evaluator.getACC(column, probabilities, theirs), abs=1e-12
        )
        assert metrics.auc(labels, probabilities) == pytest.approx(
            evaluator.getAUC(column, probabilities, theirs), abs=1e-12
        )


def test_the_top_5_error_is_that_of_scikit_learn():
    labels = RANDOM.integers(0, 30, 200)
    probabilities = RANDOM.random((200, 30)) + 0.3 * np.eye(30)[labels]
    expected = 1 - top_k_accuracy_score(labels, probabilities, k=5)
    assert 0 < expected < 1
    assert metrics.top_5_error(labels, probabilities) == pytest.approx(expected)
    scores = learning_task("multi-class", 30).scores(labels, probabilities / 30)
    assert scores["top_5_error"] == pytest.approx(expected)
    assert "top_5_error" not in learning_task("multi-class", 10).metric_names


def test_balanced_accuracy_is_the_mean_recall():
    labels, probabilities = sample("multi-class")
    expected = balanced_accuracy_score(labels, probabilities.argmax(axis=1))
    assert metrics.balanced_accuracy(labels, probabilities) == pytest.approx(expected)
    labels, probabilities = sample("multi-label")
    by_label = [
        balanced_accuracy_score(labels[:, i], probabilities[:, i] > 0.5)
        for i in range(labels.shape[1])
    ]
    assert metrics.balanced_accuracy(labels, probabilities) == pytest.approx(np.mean(by_label))


def test_kappa_and_mean_absolute_error():
    labels, probabilities = sample("ordinal")
    predicted = probabilities.argmax(axis=1)
    kappa = cohen_kappa_score(labels, predicted, weights="quadratic")
    assert metrics.quadratic_kappa(labels, probabilities) == pytest.approx(kappa)
    answers = np.eye(3)[[0, 2, 1, 0]]
    labels = np.array([0, 0, 1, 1])
    assert metrics.mean_absolute_error(labels, answers) == pytest.approx(3 / 4)


def test_what_a_split_does_not_define_is_left_out_without_a_warning():
    labels = np.array([0, 0, 1, 1, 0])  # class 2 does not occur
    probabilities = np.array(
        [[0.6, 0.3, 0.1], [0.5, 0.2, 0.3], [0.2, 0.7, 0.1], [0.6, 0.3, 0.1], [0.1, 0.1, 0.8]]
    )
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        first = metrics.auc(np.where(labels == 0, 1, 0), probabilities[:, [1, 0]])
        second = metrics.auc(np.where(labels == 1, 1, 0), probabilities[:, [0, 1]])
        assert metrics.auc(labels, probabilities) == pytest.approx((first + second) / 2)
        assert metrics.balanced_accuracy(labels, probabilities) == pytest.approx(
            (2 / 3 + 1 / 2) / 2
        )
        alone = np.zeros(3, int)
        assert np.isnan(metrics.auc(alone, np.eye(3)))
        assert np.isnan(metrics.quadratic_kappa(alone, np.eye(3)[[0, 0, 0]]))
        assert metrics.quadratic_kappa(alone, np.eye(3)[[1, 1, 1]]) == pytest.approx(0)
        assert np.isnan(metrics.auc(np.ones((3, 2), int), np.full((3, 2), 0.7)))


def test_recall_of_each_class():
    labels, probabilities = sample("multi-class")
    expected = recall_score(labels, probabilities.argmax(axis=1), average=None)
    assert metrics.recall_by_class(labels, probabilities) == pytest.approx(list(expected))
    labels, probabilities = sample("multi-label")
    expected = recall_score(labels, probabilities > 0.5, average=None)
    assert metrics.recall_by_class(labels, probabilities) == pytest.approx(list(expected))
    alone = metrics.recall_by_class(np.zeros(3, int), np.eye(3))
    assert alone[0] == pytest.approx(1 / 3)
    assert np.isnan(alone[1:]).all()


def test_calibration_error_is_the_gap_between_confidence_and_truth():
    # Two bins: three answers at 0.9, of which one is right; two at 0.6, both right.
    confidence = np.array([0.9, 0.9, 0.9, 0.6, 0.6])
    probabilities = np.stack([confidence, 1 - confidence], axis=1)
    labels = np.array([0, 1, 1, 0, 0])
    expected = 3 / 5 * abs(1 / 3 - 0.9) + 2 / 5 * abs(1 - 0.6)
    assert metrics.calibration_error(labels, probabilities) == pytest.approx(expected)
    both = np.stack([labels == 0, labels == 0], axis=1).astype(int)
    first = np.stack([confidence, confidence], axis=1)
    assert metrics.calibration_error(both, first) == pytest.approx(expected)


def test_who_knows_the_probabilities_is_calibrated():
    random = np.random.default_rng(1)
    probabilities = random.dirichlet(np.ones(3), 200_000)
    labels = (probabilities.cumsum(axis=1) < random.random((200_000, 1))).sum(axis=1)
    assert metrics.calibration_error(labels, probabilities) < 0.01
    assert metrics.calibration_error(labels, np.eye(3)[probabilities.argmax(axis=1)]) > 0.2


def test_certain_answers_stay_in_the_last_bin():
    assert metrics.calibration_error(np.array([0, 1]), np.eye(2)) == 0


def test_scores_are_those_of_medmnists_evaluator_on_its_own_files():
    evaluator = pytest.importorskip("medmnist", reason="medmnist is not installed").Evaluator
    folder = os.environ.get("KERAS_ATTN_DATA")
    if not folder or not (Path(folder) / "retinamnist.npz").exists():
        pytest.skip("KERAS_ATTN_DATA does not name a folder with retinamnist.npz")
    judge = evaluator("retinamnist", "test", root=folder)
    labels = judge.labels.squeeze(axis=-1)
    probabilities = np.random.default_rng(2).dirichlet(np.ones(5), len(labels))
    found = judge.evaluate(probabilities)
    assert metrics.auc(labels, probabilities) == pytest.approx(found.AUC, abs=1e-12)
    assert metrics.accuracy(labels, probabilities) == pytest.approx(found.ACC, abs=1e-12)
