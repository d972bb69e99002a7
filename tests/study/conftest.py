import copy

import pytest
from image_sets import make_dataset

from keras_attn.networks.design import Design
from keras_attn.study import compare
from keras_attn.study.built_in import RESIDUAL
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
    """A backbone that compiles in a moment."""
    return add_tiny(monkeypatch)


@pytest.fixture
def invented(monkeypatch):
    """Trials with invented results in place of trainings; the list of those that ran."""
    return invent(monkeypatch)


@pytest.fixture(scope="session")
def invented_comparison(tmp_path_factory):
    """A function: a comparison of `make_dataset()` with invented results, and its folder.

    Each is computed once; a caller may change what it gets, but not what the folder holds.
    """
    known = {}

    def compared(*topologies, **arguments):
        key = (topologies, *arguments.items())
        if key not in known:
            arguments |= {"output": tmp_path_factory.mktemp("invented"), "progress": False}
            with pytest.MonkeyPatch.context() as patch:
                arguments["backbone"] = add_tiny(patch)
                invent(patch)
                comparison = compare(make_dataset(), list(topologies), **arguments)
            known[key] = comparison, arguments["output"]
        comparison, folder = known[key]
        return copy.deepcopy(comparison), folder

    return compared


def add_tiny(patch):
    """Adds the backbone `tiny`.

    With fewer channels, PyTorch's oneDNN writes beyond its memory on some processors, in the
    gradient of a 1x1 convolution with stride 2 of a channels_last map.
    """
    patch.setitem(RESIDUAL, "tiny", Design("basic", (8, 16), (1, 1), "cifar", (8,), padding="same"))
    return "tiny"


def invent(patch):
    """Replaces trainings by invented results; returns the list of those that ran."""
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

    patch.setattr(Trainer, "run", run)
    return ran
