import numpy as np
import pytest

from keras_attn.tasks.create import learning_task

RANDOM = np.random.default_rng(0)


def test_binary():
    head = learning_task("binary", 2)
    logits = np.array([[0.0], [2.0], [-1000.0], [1000.0]])
    expected = 1 / (1 + np.exp(-np.array([0.0, 2.0])))
    probabilities = head.probabilities(logits)
    assert head.outputs == 1
    np.testing.assert_allclose(probabilities[:2, 1], expected, rtol=1e-12)
    np.testing.assert_array_equal(probabilities[2:], [[1, 0], [0, 1]])
    assert head.loss_of(np.array([1]), np.array([[0.0]])) == pytest.approx(np.log(2), rel=1e-5)
    assert head.encode(np.array([1, 0])).tolist() == [[1.0], [0.0]]


def test_multi_class():
    head = learning_task("multi-class", 4)
    logits = RANDOM.normal(size=(5, 4)) * 20
    powers = np.exp(logits)
    expected = powers / powers.sum(axis=1, keepdims=True)
    np.testing.assert_allclose(head.probabilities(logits), expected, rtol=1e-9)
    labels = np.array([0, 1, 2, 3, 0])
    loss = -np.log(expected[np.arange(5), labels]).mean()
    assert head.loss_of(labels, logits) == pytest.approx(loss, rel=1e-4)


def test_ordinal_probabilities_are_steps_of_the_cumulative_ones():
    head = learning_task("ordinal", 4)
    above = np.array([[0.9, 0.5, 0.2]])
    logits = np.log(above / (1 - above))
    np.testing.assert_allclose(head.probabilities(logits), [[0.1, 0.4, 0.3, 0.2]], rtol=1e-6)
    assert head.outputs == 3
    assert head.encode(np.array([0, 2, 3])).tolist() == [[0, 0, 0], [1, 1, 0], [1, 1, 1]]


def test_ordinal_probabilities_stay_probabilities_when_the_logits_contradict_each_other():
    probabilities = learning_task("ordinal", 6).probabilities(RANDOM.normal(size=(200, 5)) * 10)
    assert (probabilities >= 0).all()
    np.testing.assert_allclose(probabilities.sum(axis=1), 1, rtol=1e-12)


def test_multi_label():
    head = learning_task("multi-label", 3)
    logits = RANDOM.normal(size=(4, 3))
    labels = RANDOM.integers(0, 2, (4, 3))
    expected = 1 / (1 + np.exp(-logits))
    np.testing.assert_allclose(head.probabilities(logits), expected, rtol=1e-9)
    loss = -np.where(labels, np.log(expected), np.log(1 - expected)).mean()
    assert head.loss_of(labels, logits) == pytest.approx(loss, rel=1e-4)


@pytest.mark.parametrize(
    ("task", "classes", "message"),
    [
        ("tracking", 2, 'must be one of "binary", "multi-class", "ordinal", "multi-label"'),
        ("binary", 3, "exactly 2"),
        ("multi-class", 1, "at least 2"),
        ("multi-label", 0, "at least 1"),
    ],
)
def test_what_is_no_task_is_refused(task, classes, message):
    with pytest.raises(ValueError, match=message):
        learning_task(task, classes)
