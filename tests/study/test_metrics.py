import warnings

import numpy as np
import pytest
from sklearn.metrics import balanced_accuracy_score, cohen_kappa_score

from keras_attn.study import metrics

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
