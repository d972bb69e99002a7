"""The variance that test images contribute: against the bootstrap and against known truth."""

import numpy as np
import pytest
from scipy.special import softmax

from keras_attn.study.image_uncertainty import INFLUENCES, difference_variance
from keras_attn.study.inference import Moments
from keras_attn.tasks import classification_metrics as metrics

pytestmark = pytest.mark.once


def predictions(labels, random, skill=1.0, classes=3):
    """Probabilities of a network that is right more often the larger its skill."""
    logits = random.normal(size=(len(labels), classes))
    logits[np.arange(len(labels)), labels] += skill
    return softmax(logits, axis=1)


#: The metrics of classification, each with numbers of classes.
CASES = [
    (metric, classes)
    for metric in sorted(name for name in INFLUENCES if hasattr(metrics, name))
    for classes in ((8,) if metric == "top_5_error" else (2, 4))
]


@pytest.mark.parametrize(("metric", "classes"), CASES)
def test_influences_give_the_variance_of_the_bootstrap(metric, classes):
    random = np.random.default_rng(1)
    labels = random.choice(classes, 400, p=np.arange(1, classes + 1) / sum(range(classes + 1)))
    variant, baseline = (
        [predictions(labels, random, skill, classes) for _ in range(2)] for skill in (1.2, 0.8)
    )
    found = difference_variance(metric, labels, variant, baseline)
    score = getattr(metrics, metric)
    gains = []
    for _ in range(300):
        drawn = random.integers(0, len(labels), len(labels))
        pairs = zip(variant, baseline, strict=True)
        gains.append(
            np.mean(
                [score(labels[drawn], a[drawn]) - score(labels[drawn], b[drawn]) for a, b in pairs]
            )
        )
    assert found == pytest.approx(np.var(gains, ddof=1), rel=0.25)


def test_images_of_a_group_count_together():
    random = np.random.default_rng(2)
    labels = np.repeat(random.integers(0, 2, 50), 4)
    groups = np.repeat(np.arange(50), 4)
    one, other = (np.repeat(predictions(labels[::4], random, 1, 2), 4, axis=0) for _ in range(2))
    alone = difference_variance("accuracy", labels, [one], [other])
    together = difference_variance("accuracy", labels, [one], [other], groups)
    assert together == pytest.approx(4 * alone, rel=0.02)
    assert difference_variance("kappa", labels, [one], [other], groups) > 0
    several = np.stack([labels, 1 - labels], axis=1)
    pairs = ([one], [other])
    assert difference_variance("auc", several, *pairs) > 0


def test_intervals_over_both_sources_contain_the_truth():
    """Two equal networks: with seeds alone a difference is often found that is the images'."""
    random = np.random.default_rng(3)
    wrong = {"seeds": 0, "both": 0}
    studies, count, seeds = 400, 100, 10
    for _ in range(studies):
        labels = random.integers(0, 2, count)
        # Each network errs on images of its own, whatever the seed: variance that seeds hide.
        skills = random.normal(1.0, 1.0, (2, count))
        scores = random.normal(skills[:, None, :], 0.3, (2, seeds, count)) * (2 * labels - 1)
        chance = 1 / (1 + np.exp(-scores))
        networks = np.stack([1 - chance, chance], axis=-1)
        correct = (networks.argmax(-1) == labels).mean(-1)
        variance = difference_variance("accuracy", labels, networks[0], networks[1])
        differences = correct[0] - correct[1]
        wrong["seeds"] += Moments.of(differences).p_different() < 0.05
        wrong["both"] += Moments.of(differences, variance).p_different() < 0.05
    assert wrong["seeds"] > 0.3 * studies
    assert wrong["both"] < 0.075 * studies
