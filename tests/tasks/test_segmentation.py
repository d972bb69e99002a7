"""Metrics against scikit-learn, influences against added images, the loss against NumPy."""

import keras
import numpy as np
import pytest
from sklearn.metrics import f1_score, jaccard_score, recall_score

from keras_attn.study.image_uncertainty import INFLUENCES
from keras_attn.tasks import task
from keras_attn.tasks.create import learning_task
from keras_attn.tasks.segmentation import CrossEntropyAndDice, Segmentation

RANDOM = np.random.default_rng(7)


def masks_and_logits(classes, images=6):
    """Random masks with some void, and logits that are right more often than not."""
    masks = RANDOM.integers(0, classes, (images, 5, 4)).astype("uint8")
    logits = RANDOM.normal(size=(images, 5, 4, classes)).astype("float32")
    logits += 1.2 * np.eye(classes, dtype="float32")[masks]
    masks[RANDOM.random(masks.shape) < 0.1] = 255
    return masks, logits[..., 1:] - logits[..., :1] if classes == 2 else logits


@pytest.mark.once
@pytest.mark.parametrize("classes", [2, 4])
def test_metrics_are_those_of_scikit_learn(classes):
    task = learning_task("segmentation", classes)
    masks, logits = masks_and_logits(classes)
    found = task.scores(masks, task.predictions(masks, logits))
    predicted = task.predicted(logits)
    known = masks != 255
    dice, iou = [], []
    for truth, guess, where in zip(masks, predicted, known, strict=True):
        pair = truth[where], guess[where]
        labels = [1] if classes == 2 else np.union1d(*pair)
        dice.append(f1_score(*pair, labels=labels, average="macro"))
        iou.append(jaccard_score(*pair, labels=labels, average="macro"))
    assert found["dice"] == pytest.approx(np.mean(dice))
    assert found["iou"] == pytest.approx(np.mean(iou))
    pooled = jaccard_score(masks[known], predicted[known], average="macro")
    assert found["miou"] == pytest.approx(pooled)
    recall = recall_score(masks[known], predicted[known], average=None)
    assert task.recall(masks, task.predictions(masks, logits)) == pytest.approx(list(recall))


@pytest.mark.once
def test_an_image_without_foreground_counts_by_whether_the_prediction_agrees():
    task = learning_task("segmentation", 2)
    masks = np.zeros((2, 4, 4), "uint8")
    logits = np.full((2, 4, 4, 1), -1.0)
    logits[1, 0, 0] = 1
    assert task.scores(masks, task.predictions(masks, logits))["dice"] == 0.5


@pytest.mark.once
@pytest.mark.parametrize("metric", ["dice", "iou", "miou", "pixel_accuracy"])
def test_influences_say_what_an_image_more_would_change(metric):
    task = learning_task("segmentation", 3)
    masks, logits = masks_and_logits(3, images=8)
    counts = task.predictions(masks, logits)
    influence = INFLUENCES[metric](masks, counts)
    whole = task.scores(masks, counts)[metric]
    many = 400
    for image in range(3):
        repeated = np.concatenate([np.repeat(counts, many, axis=0), counts[image : image + 1]])
        change = task.scores(masks, repeated)[metric] - whole
        assert change * (8 * many + 1) == pytest.approx(influence[image], rel=0.02, abs=1e-4)


@pytest.mark.parametrize("classes", [2, 3])
@pytest.mark.parametrize("smoothing", [0.0, 0.2])
def test_the_loss_is_its_formula(classes, smoothing):
    masks, logits = masks_and_logits(classes)
    weights = np.arange(1.0, classes + 1)
    task = learning_task("segmentation", classes, smoothing)
    task.weigh_classes(weights)
    found = keras.ops.convert_to_numpy(task.loss(task.encode(masks), logits))
    full = np.concatenate([np.zeros_like(logits), logits], -1) if classes == 2 else logits
    p = np.exp(full - full.max(-1, keepdims=True))
    p /= p.sum(-1, keepdims=True)
    losses = []
    for mask, each in zip(masks, p, strict=True):
        known = mask != 255
        truth, q = np.eye(classes)[mask[known]], each[known]
        target = (1 - smoothing) * truth + smoothing / classes
        w = truth @ weights
        entropy = (w * -(target * np.log(q)).sum(-1)).sum() / w.sum()
        first = 1 if classes == 2 else 0
        both = (truth * q).sum(0)[first:]
        dice = (2 * both + 1) / ((truth + q).sum(0)[first:] + 1)
        losses.append(entropy + 1 - dice.mean())
    assert found == pytest.approx(np.mean(losses), rel=1e-5)
    assert task.loss_of(masks, logits) == pytest.approx(np.mean(losses), rel=1e-5)


def test_void_has_no_gradient():
    masks = np.full((1, 2, 2), 255, "uint8")
    masks[0, 0, 0] = 1
    loss = CrossEntropyAndDice(3)
    logits = RANDOM.normal(size=(1, 2, 2, 3)).astype("float32")
    moved = logits.copy()
    moved[0, 1, 1] += 5
    values = [float(loss(masks[..., None], each)) for each in (logits, moved)]
    assert values[0] == pytest.approx(values[1])


def test_the_loss_of_a_split_does_not_depend_on_how_much_fits_in_memory(monkeypatch):
    random = np.random.default_rng(0)
    masks = random.integers(0, 3, (7, 6, 5)).astype("uint8")
    logits = random.normal(size=(7, 6, 5, 3))
    one_by_one = np.mean(
        [Segmentation(3).loss_of(masks[i : i + 1], logits[i : i + 1]) for i in range(7)]
    )
    assert Segmentation(3).loss_of(masks, logits) == pytest.approx(one_by_one, rel=1e-5)
    monkeypatch.setattr(task, "LARGEST_OUTPUTS", 3 * 90)
    assert Segmentation(3).loss_of(masks, logits) == pytest.approx(one_by_one, rel=1e-5)
