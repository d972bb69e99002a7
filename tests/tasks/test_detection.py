"""Detection: loss, decoding, suppression and metrics, against independent computations."""

import keras
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from keras_attn.data.boxes import pack_boxes
from keras_attn.tasks.create import learning_task
from keras_attn.tasks.detection import Detection, assignment, decoded
from keras_attn.tasks.detection_metrics import Evaluation
from keras_attn.tasks.suppression import detections_of, overlaps

ANCHORS = np.array(
    [[0, 0, 16, 16], [8, 8, 24, 24], [16, 16, 32, 32], [0, 0, 32, 32], [40, 40, 48, 48]], "float32"
)


def iou(one, other):
    """The overlap of two boxes, from the pixels of a fine grid."""
    width = max(0, min(one[2], other[2]) - max(one[0], other[0]))
    height = max(0, min(one[3], other[3]) - max(one[1], other[1]))
    areas = [(box[2] - box[0]) * (box[3] - box[1]) for box in (one, other)]
    return width * height / (sum(areas) - width * height)


def outputs(anchors, offsets, logits):
    return np.concatenate([anchors, offsets, logits], axis=-1).astype("float32")


def expected_loss(boxes, output, classes):
    """The loss of one image, anchor by anchor."""
    objects = [box for box in boxes if box[4] >= 0]
    wanted = [box for box in objects if not box[5]]
    anchors = output[:, :4]
    best = [max(iou(anchor, box) for anchor in anchors) for box in wanted]
    total, assigned = 0.0, 0
    for row in output:
        found = [iou(row[:4], box) for box in wanted]
        ranks = [one + (one == most and one > 0) for one, most in zip(found, best, strict=True)]
        rank = max(ranks, default=0)
        on_crowd = any(iou(row[:4], box) >= 0.5 for box in objects if box[5])
        target = np.zeros(classes)
        if rank >= 0.5:
            assigned += 1
            box = wanted[int(np.argmax(ranks))]
            target[int(box[4])] = 1
            sides = [row[2] - row[0], row[3] - row[1]]
            centres = [(row[0] + row[2]) / 2, (row[1] + row[3]) / 2]
            true = [
                ((box[0] + box[2]) / 2 - centres[0]) / sides[0] / 0.1,
                ((box[1] + box[3]) / 2 - centres[1]) / sides[1] / 0.1,
                np.log((box[2] - box[0]) / sides[0]) / 0.2,
                np.log((box[3] - box[1]) / sides[1]) / 0.2,
            ]
            error = np.abs(np.array(true) - row[4:8])
            total += np.where(error < 1, error**2 / 2, error - 0.5).sum()
        elif rank >= 0.4 or on_crowd:
            continue
        p = 1 / (1 + np.exp(-row[8:].astype("float64")))
        right = np.where(target == 1, p, 1 - p)
        balance = np.where(target == 1, 0.25, 0.75)
        total += (-balance * (1 - right) ** 2 * np.log(right)).sum()
    return total / max(1, assigned)


@pytest.mark.parametrize("crowd", [0, 1])
def test_the_loss(crowd):
    random = np.random.default_rng(crowd)
    images = [
        [[1, 2, 15, 16, 0, 0], [9, 8, 25, 22, 2, 0], [18, 18, 30, 32, 1, crowd]],
        [[38, 41, 47, 49, 1, 0]],
        [],
    ]
    boxes = pack_boxes([np.array(each, "float32").reshape(-1, 6) for each in images], 3)
    output = np.stack(
        [outputs(ANCHORS, random.normal(size=(5, 4)), random.normal(size=(5, 3))) for _ in images]
    )
    found = Detection(3).loss.call(boxes, output)
    expected = [expected_loss(*each, 3) for each in zip(boxes, output, strict=True)]
    np.testing.assert_allclose(keras.ops.convert_to_numpy(found), expected, rtol=1e-4)
    np.testing.assert_allclose(Detection(3).loss_of(boxes, output), np.mean(expected), rtol=1e-4)


def test_two_boxes_with_one_best_anchor():
    boxes = pack_boxes([np.array([[2, 2, 6, 6, 0, 0], [1, 1, 15, 15, 1, 0]], "float32")], 2)
    targets, assigned, counts = map(
        keras.ops.convert_to_numpy, assignment(*map(keras.ops.convert_to_tensor, (boxes, ANCHORS)))
    )
    # Both boxes overlap the first anchor most, which finds the one that it overlaps more.
    assert assigned.tolist() == [[1, 0, 0, 0, 0]]
    assert targets[0, 0, 4] == 1
    assert counts.tolist() == [[1, 1, 1, 1, 1]]


def test_offsets_of_zero_are_the_anchors_and_exact_ones_the_box():
    rows = outputs(ANCHORS[:2], np.zeros((2, 4)), np.zeros((2, 1)))
    np.testing.assert_allclose(decoded(rows), ANCHORS[:2], atol=1e-5)
    rows[0, 4:8] = [5, -2.5, np.log(2) / 0.2, 0]
    np.testing.assert_allclose(decoded(rows)[0], [0, -4, 32, 12], atol=1e-4)


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10_000), st.integers(1, 60), st.integers(1, 4))
def test_what_suppression_keeps(seed, count, classes):
    random = np.random.default_rng(seed)
    corners = random.uniform(0, 40, (count, 2))
    boxes = np.concatenate([corners, corners + random.uniform(2, 20, (count, 2))], axis=1)
    logits = random.normal(0, 3, (count, classes))
    kept = detections_of(boxes, logits)
    assert (np.diff(kept[:, 5]) <= 0).all()
    scores = 1 / (1 + np.exp(-logits))
    for label in range(classes):
        rows = kept[kept[:, 4] == label]
        for number, row in enumerate(rows):
            assert all(iou(row, other) <= 0.5 + 1e-9 for other in rows[:number])
        for box, score in zip(boxes, scores[:, label], strict=True):
            if score >= 0.05 and len(kept) < 100:
                # Every probable box is kept, or overlaps one that is at least as probable.
                better = rows[rows[:, 5] >= score - 1e-9]
                assert any(iou(box, row) > 0.5 or (box == row[:4]).all() for row in better)
    assert overlaps(boxes[0], boxes[:1]) == pytest.approx(1)


def average_precision(labels, found, classes, threshold):
    """Average precision as COCO defines it, detection by detection; the mean over classes."""
    values = []
    for label in range(classes):
        truth = [[b for b in boxes if b[4] == label] for boxes in labels]
        total = sum(not box[5] for boxes in truth for box in boxes)
        rows = sorted(
            (
                (row[5], image, row)
                for image, rows in enumerate(found)
                for row in rows
                if row[4] == label
            ),
            key=lambda each: -each[0],
        )
        used, hits = set(), []
        for _, image, row in rows:
            pairs = [(iou(row, b), n) for n, b in enumerate(truth[image]) if not b[5]]
            free = [(one, n) for one, n in pairs if one >= threshold and (image, n) not in used]
            if free:
                used.add((image, max(free)[1]))
                hits.append(1)
            elif not any(b[5] and covered(row, b) >= threshold for b in truth[image]):
                hits.append(0)
        if not total:
            continue
        hits = np.array(hits)
        recall = np.cumsum(hits) / total
        precision = np.cumsum(hits) / np.arange(1, len(hits) + 1)
        levels = np.linspace(0, 1, 101)
        values.append(np.mean([precision[recall >= level].max(initial=0) for level in levels]))
    return np.mean(values)


def covered(box, crowd):
    """The share of a detection that a crowd covers."""
    width = max(0, min(box[2], crowd[2]) - max(box[0], crowd[0]))
    height = max(0, min(box[3], crowd[3]) - max(box[1], crowd[1]))
    return width * height / ((box[2] - box[0]) * (box[3] - box[1]))


def noisy_detections(random, images=12, classes=3):
    """True boxes, and detections near them with wrong ones among them."""
    truth, found = [], []
    for _ in range(images):
        count = int(random.integers(0, 5))
        corners = random.uniform(0, 60, (count, 2))
        sides = random.uniform(8, 30, (count, 2))
        labels = random.integers(0, classes, count)
        crowds = random.random(count) < 0.15
        truth.append(np.column_stack([corners, corners + sides, labels, crowds]))
        near = truth[-1][:, :4] + random.normal(0, 2, (count, 4))
        rows = np.column_stack([near, labels, random.random(count)])
        wrong = np.concatenate([random.uniform(0, 30, 2), random.uniform(40, 60, 2)])
        rows = np.concatenate([rows, [[*wrong, random.integers(0, classes), random.random()]]])
        found.append(rows[np.argsort(-rows[:, 5])])
    most = max(map(len, truth))
    packed = np.zeros((images, 100, 6), "float32")
    packed[..., 4] = -1
    for row, each in zip(packed, found, strict=True):
        row[: len(each)] = each
    return pack_boxes(truth, most), packed


@pytest.mark.once
@pytest.mark.parametrize("seed", range(4))
def test_the_metrics(seed):
    labels, found = noisy_detections(np.random.default_rng(seed))
    scores = learning_task("detection", 3).scores(labels, found)
    levels = np.arange(0.5, 0.96, 0.05)
    by_level = [average_precision(labels, found, 3, level) for level in levels]
    assert scores["ap50"] == pytest.approx(by_level[0], abs=1e-6)
    assert scores["ap75"] == pytest.approx(by_level[5], abs=1e-6)
    assert scores["map"] == pytest.approx(np.mean(by_level), abs=1e-6)
    # Images that are chosen twice count twice.
    chosen = np.array([0, 3, 3, 5, 7, 7])
    again = average_precision(labels[chosen], found[chosen], 3, 0.5)
    assert Evaluation(labels, found, 3).scores(chosen)["ap50"] == pytest.approx(again, abs=1e-6)


@pytest.mark.once
def test_extreme_detections():
    labels, _ = noisy_detections(np.random.default_rng(0))
    nothing = np.zeros((len(labels), 100, 6), "float32")
    nothing[..., 4] = -1
    task = learning_task("detection", 3)
    assert task.scores(labels, nothing) == {"map": 0.0, "ap50": 0.0, "ap75": 0.0}
    assert task.recall(labels, nothing) == [0.0, 0.0, 0.0]
    perfect = nothing.copy()
    perfect[:, : labels.shape[1], :5] = labels[..., :5]
    perfect[..., 5] = 0.9
    assert task.scores(labels, perfect) == {"map": 1.0, "ap50": 1.0, "ap75": 1.0}
    assert task.recall(labels, perfect) == [1.0, 1.0, 1.0]
