"""Errors of the networks, and what a reviewer should know, against independent computations."""

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import auc, confusion_matrix, roc_auc_score

from keras_attn.study import cautions
from keras_attn.study.facts import Facts
from keras_attn.study.outcomes import BINS, RATES, outcome
from keras_attn.study.question import Question

pytestmark = pytest.mark.once


def predictions(classes, seeds=2, count=2000):
    random = np.random.default_rng(classes)
    labels = random.integers(0, classes, count)
    logits = random.normal(0, 1, (seeds, count, classes)) + 1.5 * np.eye(classes)[labels]
    return labels, list(np.exp(logits) / np.exp(logits).sum(-1, keepdims=True))


@pytest.mark.parametrize("classes", [2, 4])
def test_confusions_and_roc_curves_are_those_of_scikit_learn(classes):
    labels, found = predictions(classes)
    ours = outcome([(labels, each) for each in found])
    expected = np.mean(
        [confusion_matrix(labels, p.argmax(1), normalize="true") for p in found], axis=0
    )
    np.testing.assert_allclose(ours.confusion, expected)
    scores = [p[:, 1] if classes == 2 else p for p in found]
    areas = [roc_auc_score(labels, each, multi_class="ovr") for each in scores]
    assert auc(RATES, ours.sensitivity) == pytest.approx(np.mean(areas), abs=3e-3)


def test_reliability_of_a_calibrated_network_is_the_diagonal():
    random = np.random.default_rng(0)
    p = random.uniform(0, 1, 40_000)
    labels = (random.uniform(0, 1, len(p)) < p).astype(int)
    ours = outcome([(labels, np.stack([1 - p, p], axis=1))])
    known = ~np.isnan(ours.accuracy)
    assert known.sum() == BINS - BINS // 2
    np.testing.assert_allclose(ours.accuracy[known], ours.confidence[known], atol=0.03)


def test_several_labels_have_no_confusions():
    random = np.random.default_rng(0)
    labels = random.integers(0, 2, (500, 3))
    probabilities = np.clip(labels * 0.6 + random.uniform(0, 0.4, labels.shape), 0, 1)
    ours = outcome([(labels, probabilities)])
    assert ours.confusion is None
    assert auc(RATES, ours.sensitivity) == pytest.approx(1, abs=0.01)


def curves(*scores):
    return pd.DataFrame({"epoch": range(1, len(scores) + 1), "val_score": scores})


def test_scores_that_still_rise_are_a_warning():
    rising = cautions.convergence(curves(*np.linspace(0.5, 0.9, 10)), Question(), "AUC")
    assert "still rising" in rising
    assert "0.089 above" in rising
    assert not cautions.convergence(curves(*[0.5] * 4, *[0.9] * 6), Question(), "AUC")
    assert not cautions.convergence(curves(0.1, 0.9), Question(), "AUC")


def test_duplicates_of_test_images_are_a_warning():
    facts = Facts("x", "binary", ("a", "b"), (8, 8, 1), {}, "", "", {"train and val": 3})
    assert not cautions.duplicates(facts)
    facts = Facts("x", "binary", ("a", "b"), (8, 8, 1), {}, "", "", {"train and test": 1234})
    assert "1,234 in train and test" in cautions.duplicates(facts)
