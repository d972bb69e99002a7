import numpy as np
import pytest

from keras_attn.study.augmentation import shifted
from keras_attn.study.batches import TrainingBatches, predict_batches
from keras_attn.study.training import Training

pytestmark = pytest.mark.once

IMAGES = np.arange(10 * 4 * 4).reshape(10, 4, 4, 1).astype("uint8")
TARGETS = np.arange(10)


def epoch_of(batches):
    pairs = [batches[index] for index in range(len(batches))]
    return [np.concatenate(part) for part in zip(*pairs, strict=True)]


def test_batches_have_one_shape_and_the_order_is_that_of_the_seed():
    first = TrainingBatches(IMAGES, TARGETS, Training(batch_size=4), seed=3)
    assert len(first) == 2
    assert {first[index][0].shape for index in range(2)} == {(4, 4, 4, 1)}
    images, targets = epoch_of(first)
    np.testing.assert_array_equal(images, IMAGES[targets])
    assert images.dtype == np.float32

    again = TrainingBatches(IMAGES, TARGETS, Training(batch_size=4), seed=3)
    other = TrainingBatches(IMAGES, TARGETS, Training(batch_size=4), seed=4)
    assert epoch_of(again)[1].tolist() == targets.tolist()
    assert epoch_of(other)[1].tolist() != targets.tolist()
    first.on_epoch_end()
    assert epoch_of(first)[1].tolist() != targets.tolist()


def test_a_set_smaller_than_a_batch_is_one_batch():
    batches = TrainingBatches(IMAGES, TARGETS, Training(batch_size=64), seed=0)
    assert len(batches) == 1
    assert sorted(batches[0][1]) == TARGETS.tolist()


def test_augmentation_is_repeatable_and_leaves_the_images_alone():
    before = IMAGES.copy()
    config = Training(batch_size=10, shift=2, flip=True)
    batches = TrainingBatches(IMAGES, TARGETS, config, seed=0)
    images, targets = batches[0]
    np.testing.assert_array_equal(images, batches[0][0])
    assert (images != IMAGES[targets]).any()
    np.testing.assert_array_equal(IMAGES, before)


def test_a_flip_mirrors_left_to_right():
    batches = TrainingBatches(IMAGES, TARGETS, Training(batch_size=10, flip=True), seed=0)
    images, targets = batches[0]
    same = (images == IMAGES[targets]).all(axis=(1, 2, 3))
    mirrored = (images == IMAGES[targets][:, :, ::-1]).all(axis=(1, 2, 3))
    assert same.any()
    assert mirrored.any()
    assert (same | mirrored).all()


@pytest.mark.parametrize("move", [(0, 0), (1, 0), (-2, 1), (3, -3), (9, 0)])
def test_a_shift_moves_zeros_in(move):
    image = 1 + np.arange(16.0).reshape(4, 4, 1)
    expected = np.zeros_like(image)
    for row in range(4):
        for column in range(4):
            source = row - move[0], column - move[1]
            if all(0 <= index < 4 for index in source):
                expected[row, column] = image[source]
    np.testing.assert_array_equal(shifted(image, np.array(move)), expected)


@pytest.mark.parametrize("size", [1, 3, 4, 10])
def test_predictions_come_in_batches_of_one_size(size):
    shapes = []

    def predict(batch):
        shapes.append(batch.shape)
        return batch.sum(axis=(1, 2))

    answers = predict_batches(predict, IMAGES[:size], batch_size=4)
    assert set(shapes) == {(4, 4, 4, 1)}
    np.testing.assert_array_equal(answers, IMAGES[:size].sum(axis=(1, 2), dtype="float32"))
