import numpy as np
import pytest

from keras_attn.data.dataset import Dataset, Split
from keras_attn.study.backbone import BACKBONES, Design
from keras_attn.study.trial import Epoch, Trainer, Trial

CLASSES = {"binary": 2, "multi-class": 3, "ordinal": 4, "multi-label": 3}


def make_dataset(task="binary", sizes=(40, 18, 22), name="squares", seed=0):
    """8x8 images in which a class is a brighter row, or a label a brighter column."""
    random = np.random.default_rng(seed)
    classes = CLASSES[task]

    def split(size):
        images = random.integers(0, 160, (size, 8, 8, 1))
        if task == "multi-label":
            labels = random.integers(0, 2, (size, classes))
            for label in range(classes):
                images[labels[:, label] == 1, :, 2 * label] += 90
        else:
            labels = np.arange(size) % classes
            images[np.arange(size), 2 * labels] += 90
        return Split(images.astype("uint8"), labels.astype("int64"))

    names = tuple(f"class {index}" for index in range(classes))
    return Dataset(name, task, names, *map(split, sizes), licence="CC0", source="made here")


@pytest.fixture(scope="session")
def dataset_of():
    return make_dataset


@pytest.fixture
def dataset():
    return make_dataset()


@pytest.fixture
def tiny(monkeypatch):
    """A backbone that compiles in a moment."""
    monkeypatch.setitem(BACKBONES, "tiny", Design((4, 8), (1, 1)))
    return "tiny"


@pytest.fixture
def invented(monkeypatch):
    """Trials with invented results in place of trainings; the list of those that ran."""
    ran = []

    def run(self, seed, on_epoch=None):
        score = 0.5 + 0.01 * len(ran) + 0.003 * seed
        curve = [Epoch(1, 0.1, 1.0, 1.0, score, score)]
        scores = dict.fromkeys(("accuracy", "balanced_accuracy", "auc"), score)
        weights = self.build().get_weights()
        ran.append((self.topology, seed))
        return Trial(self.topology, seed, 100, curve, curve[0], scores, False, weights)

    monkeypatch.setattr(Trainer, "run", run)
    return ran
