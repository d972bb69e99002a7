import pytest
from image_sets import make_dataset

from keras_attn.study.backbone import BACKBONES, Design
from keras_attn.study.trainer import Trainer
from keras_attn.study.trial import Epoch, Trial


@pytest.fixture(scope="session")
def dataset_of():
    return make_dataset


@pytest.fixture
def dataset():
    return make_dataset()


@pytest.fixture
def tiny(monkeypatch):
    """A backbone that compiles in a moment.

    With fewer channels, PyTorch's oneDNN writes beyond its memory on some processors, in the
    gradient of a 1x1 convolution with stride 2 of a channels_last map.
    """
    monkeypatch.setitem(BACKBONES, "tiny", Design((8, 16), (1, 1)))
    return "tiny"


@pytest.fixture
def invented(monkeypatch):
    """Trials with invented results in place of trainings; the list of those that ran."""
    ran, built = [], {}

    def weights(trainer):
        key = (trainer.topology, trainer.backbone, trainer.dataset.image_shape)
        if key not in built:
            built[key] = trainer.build().get_weights()
        return built[key]

    def run(self, seed, on_epoch=None):
        score = 0.5 + 0.01 * len(ran) + 0.003 * seed
        curve = [Epoch(1, 0.1, 1.0, 1.0, score, score)]
        ran.append((self.topology, seed))
        return Trial(
            self.topology,
            seed,
            parameters=100,
            macs=1000,
            steps=2,
            curve=curve,
            best=curve[0],
            scores=dict.fromkeys(self.task.metric_names, score),
            recall=[score] * len(self.dataset.class_names),
            seconds=0.2,
            weights=weights(self),
        )

    monkeypatch.setattr(Trainer, "run", run)
    return ran
