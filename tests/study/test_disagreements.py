"""Images that a network with attention and one without classify differently."""

import numpy as np
import pytest

from keras_attn.study.built_in import residual_network
from keras_attn.study.disagreement_pictures import draw_disagreements
from keras_attn.study.disagreements import Disagreements, disagreements_of
from keras_attn.study.grid import Group, TrialKey
from keras_attn.study.plots import Palette
from keras_attn.study.predictions import Predictions
from keras_attn.study.trial import Epoch, Trial

pytestmark = pytest.mark.once

GROUP = Group("shapes", None)
SEEDS = 3
#: For each image, how many of three seeds are right, with attention and without.
RIGHT = {"csa": [3, 3, 0, 1, 2], "none": [3, 0, 3, 1, 1]}


@pytest.fixture
def kept(tmp_path, dataset):
    """Predictions with these numbers of correct seeds, and their trials."""
    predictions, trials = Predictions(tmp_path), {}
    labels = dataset.test.labels[:5]
    part = type(dataset.test)(dataset.test.images[:5], labels)
    predictions.add_labels(GROUP, dataclass_with(dataset, part))
    for variant, counts in RIGHT.items():
        for seed in range(SEEDS):
            key = TrialKey(*GROUP, variant, seed)
            answers = np.where(seed < np.array(counts), labels, 1 - labels)
            predictions.add(key, np.eye(2)[answers])
            trials[key] = Trial(variant, seed, best=Epoch(1, 0.1, 1.0, 1.0, 0.5, 0.5))
    return predictions, trials


def dataclass_with(dataset, part):
    return type(dataset)("five", "binary", ("a", "b"), dataset.train, dataset.val, part)


def test_images_are_counted_by_the_majority_of_the_seeds(kept):
    found = disagreements_of(kept[0], GROUP, kept[1], "csa")
    assert found.seeds == SEEDS
    assert found.attended.tolist() == RIGHT["csa"]
    assert found.baseline.tolist() == RIGHT["none"]
    assert found.counts == {"both": 1, "gained": 2, "lost": 1, "neither": 1}
    assert found.clearest == [1, 4, 2]


def test_without_predictions_there_is_nothing_to_count(kept, tmp_path):
    predictions, trials = kept
    assert disagreements_of(predictions, GROUP, trials, "sa") is None
    next((tmp_path / "predictions").glob("*none*")).unlink()
    assert disagreements_of(predictions, GROUP, trials, "csa") is None


def test_each_image_is_shown_with_its_seeds_and_gates(dataset):
    count = len(dataset.test.labels)
    attended = np.full(count, 2)
    attended[[4, 7]] = 5, 0
    found = Disagreements("csa", 5, attended, np.full(count, 2))
    for attention, columns in (("csa", 4), ("se", 1)):
        model = residual_network((8, 8, 1), "binary", 2, attention)
        figure = draw_disagreements(model, dataset, Palette(), found)
        titles = [axes.get_title() for axes in figure.axes if axes.get_title()]
        assert len(titles) == 2 * columns
        assert titles[0].endswith("right: 5 of 5 seeds,\nwithout attention 2")
        assert titles[columns].endswith("right: 0 of 5 seeds,\nwithout attention 2")
    same = Disagreements("csa", 5, found.baseline, found.baseline)
    assert draw_disagreements(model, dataset, Palette(), same) is None
